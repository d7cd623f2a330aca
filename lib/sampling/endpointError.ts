/**
 * What went wrong with a request:
 * - "setup": key, address, model or quota; no request will do better
 * - "prompt": this prompt is refused; others may be answered
 * - "passing": worth another attempt
 */
export type FaultKind = "setup" | "prompt" | "passing";

export class EndpointError extends Error {
  override readonly name = "EndpointError";
  readonly kind: FaultKind;
  /** the endpoint may have charged for it: it was cut off, timed out, or answered with something unreadable */
  readonly charged: boolean;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    fault: { kind: FaultKind; charged: boolean; status?: number | undefined; retryAfterMs?: number | undefined },
  ) {
    super(message);
    this.kind = fault.kind;
    this.charged = fault.charged;
    this.status = fault.status;
    this.retryAfterMs = fault.retryAfterMs;
  }
}
