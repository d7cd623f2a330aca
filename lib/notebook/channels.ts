import { randomUUID } from "node:crypto";
import { Dealer, Subscriber } from "zeromq";
import { pack, request, unpack, type Message } from "./wire.js";

/** Where a kernel listens and the key that signs its messages. */
export interface Connection {
  /** ZeroMQ addresses */
  shell: string;
  iopub: string;
  key: string;
}

interface Pending {
  reply(message: Message): void;
  publish(message: Message): void;
}

/** The client's side of a kernel's sockets: DEALER for shell, SUB for iopub (tslab's control channel adds nothing). */
export class Channels {
  readonly #session = randomUUID();
  readonly #shell = new Dealer({ linger: 0 });
  readonly #iopub = new Subscriber({ linger: 0 });
  /** by request id; kept after the answer, because a cell's timers may print later */
  readonly #pending = new Map<string, Pending>();
  readonly #key: string;

  constructor({ shell, iopub, key }: Connection) {
    this.#key = key;
    this.#shell.connect(shell);
    this.#iopub.connect(iopub);
    this.#iopub.subscribe();
    void this.#receive(this.#shell, "reply");
    void this.#receive(this.#iopub, "publish");
  }

  /** Sends a request and waits for its reply and for the kernel to be idle again; outputs in between are handed on. */
  async ask(
    type: string,
    content: Record<string, unknown>,
    onOutput: (message: Message) => void = () => undefined,
  ): Promise<Message> {
    const message = request(type, this.#session, content);
    const answered = new Promise<Message>((resolve) => {
      let reply: Message | undefined;
      let idle = false;
      const settle = () => {
        if (reply && idle) resolve(reply);
      };
      this.#pending.set(message.header.msg_id, {
        reply(answer) {
          reply = answer;
          settle();
        },
        publish(output) {
          if (output.header.msg_type !== "status") return onOutput(output);
          idle ||= output.content["execution_state"] === "idle";
          settle();
        },
      });
    });
    await this.#shell.send(pack(message, this.#key));
    return answered;
  }

  /** Asks the kernel to end, without waiting for it. */
  async shutdown(): Promise<void> {
    await this.#shell.send(pack(request("shutdown_request", this.#session, { restart: false }), this.#key));
  }

  close(): void {
    for (const socket of [this.#shell, this.#iopub]) socket.close();
  }

  async #receive(socket: Dealer | Subscriber, channel: keyof Pending): Promise<void> {
    for await (const frames of socket) {
      const message = unpack(frames, this.#key);
      this.#pending.get(message.parentHeader.msg_id ?? "")?.[channel](message);
    }
  }
}
