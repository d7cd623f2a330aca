import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chatTemplate, internVlTemplate, loadChatTemplate } from "../../lib/checkpoint/chatTemplate.js";
import { expandImages, imagePlaceholders } from "../../lib/checkpoint/imagePlaceholders.js";
import { pythonWith } from "./python.js";
import { conversations, renderings, templates } from "./tokenizerCases.js";

const python = pythonWith("transformers", "jinja2");
const special = { eos_token: "<|im_end|>" };
const golden = (
  JSON.parse(readFileSync(join(import.meta.dirname, "../golden/checkpoint/chatTemplate.json"), "utf8")) as {
    rendered: string[];
  }
).rendered;

const rendered = () =>
  renderings.map(({ template, conversation, addGenerationPrompt, variables }) =>
    chatTemplate(templates[template], template, special).render(conversations[conversation], {
      addGenerationPrompt,
      variables,
    }),
  );

test("templates are rendered as transformers renders them", () => {
  expect(rendered()).toEqual(golden);
});

const PROGRAM = `
import json, sys
from transformers.utils.chat_template_utils import render_jinja_template
out = []
for r in json.load(open(sys.argv[1])):
    variables = dict(r["variables"])
    tools = variables.pop("tools", None)
    text, _ = render_jinja_template([r["messages"]], tools=tools, chat_template=r["template"], add_generation_prompt=r["addGenerationPrompt"], eos_token="<|im_end|>", **variables)
    out.append(text[0])
print(json.dumps(out))
`;

test.skipIf(!python)("transformers renders them so", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "template-")), "cases.json");
  const cases = renderings.map((r) => ({
    ...r,
    template: templates[r.template],
    messages: conversations[r.conversation],
  }));
  writeFileSync(file, JSON.stringify(cases));
  expect(await python?.(PROGRAM, [file])).toEqual(golden);
});

const folder = (files: Record<string, unknown>) => {
  const folder = mkdtempSync(join(tmpdir(), "template-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
};

test("a checkpoint's template is found where it is, the file of its own first", async () => {
  const say = (name: string) => `${name} {{ eos_token }} {{ messages[0].content }}`;
  const config = {
    chat_template: [
      { name: "tool_use", template: say("tools") },
      { name: "default", template: say("config") },
    ],
  };
  const said = async (files: Record<string, unknown>) =>
    (await loadChatTemplate(folder(files), special)).render([{ role: "user", content: "Q" }]);
  const files = { "tokenizer_config.json": config, "config.json": { template: "internvl2_5" } };
  expect(await said(files)).toBe("config <|im_end|> Q");
  expect(await said({ ...files, "chat_template.json": { chat_template: say("json") } })).toBe("json <|im_end|> Q");
  expect(await said({ ...files, "chat_template.jinja": say("jinja") })).toBe("jinja <|im_end|> Q");
  expect((await loadChatTemplate(folder({ "config.json": { template: "internvl2_5" } }))).source).toBe(
    internVlTemplate.source,
  );
  await expect(loadChatTemplate(folder({ "config.json": {} }))).rejects.toThrow(/holds no chat template/);
  await expect(loadChatTemplate(folder({ "chat_template.jinja": "{% if %}" }))).rejects.toThrow(
    /chat_template\.jinja: /,
  );
});

test("a template that refuses messages is named with its reason", () => {
  const template = chatTemplate("{{ raise_exception('roles must alternate') }}", "x/chat_template.jinja");
  expect(() => template.render([])).toThrow("x/chat_template.jinja: roles must alternate");
});

test("InternVL's layout: its system message unless there is one, an image before its text", () => {
  const [asked, told, images] = conversations.map((messages) =>
    internVlTemplate.render(messages, { addGenerationPrompt: true }),
  );
  expect(asked).toMatch(/^<\|im_start\|>system\n你是书生·万象，.*模型。<\|im_end\|>\n/);
  expect(asked.slice(asked.indexOf("<|im_end|>"))).toBe(
    "<|im_end|>\n<|im_start|>user\nHow many sides?<|im_end|>\n<|im_start|>assistant\n",
  );
  expect(told).toBe(
    "<|im_start|>system\nYou judge steps.<|im_end|>\n<|im_start|>user\n  \"Quoted\" & <b>\n\n 'text' é 三  <|im_end|>\n" +
      "<|im_start|>assistant\n+<|im_end|>\n<|im_start|>user\nStep 2<|im_end|>\n<|im_start|>assistant\n",
  );
  expect(images).toContain(
    "user\n<image>\nWhat is shown?\n<image>\nAnd here?<|im_end|>\n<|im_start|>assistant\nA cat.<|im_end|>",
  );
});

test("placeholders become as many image tokens as the image has", () => {
  const { qwen2Vl, internVl, llavaOneVision } = imagePlaceholders;
  expect(expandImages("a<|image_pad|>b<|image_pad|>", [2, 3], qwen2Vl)).toBe(
    `a${"<|image_pad|>".repeat(2)}b${"<|image_pad|>".repeat(3)}`,
  );
  expect(expandImages("<image>\nQ", [2], internVl)).toBe("<img><IMG_CONTEXT><IMG_CONTEXT></img>\nQ");
  expect(expandImages("Q <image>", [3], llavaOneVision)).toBe("Q <image><image><image>");
  expect(expandImages("no image", [], internVl)).toBe("no image");
  expect(() => expandImages("<image> <image>", [2], internVl, "row 4")).toThrow(
    "row 4 has 2 times <image>, for 1 images",
  );
});
