import path from "node:path";
import { Template } from "@huggingface/jinja";
import { jsonFile, textFile } from "./jsonFile.js";

/** A piece of a message; other members are there for templates that look at them. */
export type MessagePart =
  { readonly type: "text"; readonly text: string } | { readonly type: "image"; readonly [other: string]: unknown };

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string | readonly MessagePart[];
}

export interface RenderOptions {
  /** End with the beginning of an assistant's turn. Defaults to false. */
  readonly addGenerationPrompt?: boolean;
  /** Further variables of the template, such as `add_vision_id`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** How a conversation is written for a model. */
export interface ChatTemplate {
  /** the Jinja text */
  readonly source: string;
  /** @throws Error naming the template's file and its reason when it refuses the messages */
  readonly render: (messages: readonly ChatMessage[], options?: RenderOptions) => string;
}

/** InternVL's system message, for conversations without one. */
const INTERNVL_SYSTEM =
  "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。";

/** InternVL's own conversation layout, "internvl2_5" in its configuration, which its published code always uses. */
export const internVlTemplate: ChatTemplate = chatTemplate(
  `{% if messages[0]['role'] != 'system' %}<|im_start|>system\n${INTERNVL_SYSTEM}<|im_end|>\n{% endif %}` +
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n" +
    "{% if message['content'] is string %}{{ message['content'] }}" +
    "{% else %}{% for part in message['content'] %}" +
    "{% if part['type'] == 'image' %}{{ '<image>\n' }}{% else %}{{ part['text'] }}{% endif %}" +
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}" +
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
  "InternVL's template",
);

/**
 * A Jinja chat template, with the variables that Hugging Face gives it.
 *
 * @param what           the template's file, for messages
 * @param specialTokens  `bos_token`, `eos_token` …, which templates may write
 * @throws Error when it is no such template
 */
export function chatTemplate(
  source: string,
  what: string,
  specialTokens: Readonly<Record<string, string>> = {},
): ChatTemplate {
  const named = <T>(f: () => T): T => {
    try {
      return f();
    } catch (error) {
      throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  };
  const template = named(() => new Template(source));
  return {
    source,
    render: (messages, { addGenerationPrompt = false, variables = {} } = {}) =>
      named(() =>
        template.render({
          ...specialTokens,
          tools: null,
          documents: null,
          ...variables,
          messages,
          add_generation_prompt: addGenerationPrompt,
        }),
      ),
  };
}

/**
 * The chat template of a checkpoint's folder: `chat_template.jinja`, `chat_template.json`, or the one in
 * `tokenizer_config.json`; InternVL's where the configuration names it and there is no other.
 *
 * @throws Error when there is none
 * @example
 * const template = await loadChatTemplate(folder, tokenizer.specialTokens);
 * template.render([{ role: "user", content: [{ type: "image" }, { type: "text", text: "How many?" }] }], {
 *   addGenerationPrompt: true,
 * });
 */
export async function loadChatTemplate(
  folder: string,
  specialTokens: Readonly<Record<string, string>> = {},
): Promise<ChatTemplate> {
  const file = (name: string) => path.join(folder, name);
  const jinja = await textFile(file("chat_template.jinja"));
  if (jinja !== undefined) return chatTemplate(jinja, file("chat_template.jinja"), specialTokens);
  for (const name of ["chat_template.json", "tokenizer_config.json"]) {
    const source = defaultTemplate((await jsonFile(file(name)))?.["chat_template"]);
    if (source !== undefined) return chatTemplate(source, file(name), specialTokens);
  }
  if ((await jsonFile(file("config.json")))?.["template"] === "internvl2_5") return internVlTemplate;
  throw new Error(`${folder} holds no chat template: no chat_template.jinja, none in tokenizer_config.json`);
}

/** A template, or the one named "default" of a list. */
function defaultTemplate(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  return (value as { name?: string; template?: string }[]).find(({ name }) => name === "default")?.template;
}
