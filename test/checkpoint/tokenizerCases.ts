import { trainTokenizer } from "../../lib/checkpoint/trainTokenizer.js";

const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"];

/** A tokenizer of Qwen2's kind, trained on some sentences. */
export const tinyTokenizer = trainTokenizer(
  [
    "Step 1: Restate the question. The figure shows a triangle with sides 3, 4 and 5.",
    "Step 2: The area is half of the product, so the area is (3 × 4) / 2 = 6.",
    "Step 3: We're asked for the perimeter: it's 3 + 4 + 5 = 12, and the area isn't asked for.\n\nFinal answer: 12",
    "  def area(a, b):\n\treturn a * b / 2  # the product\r\n",
    "Die Fläche des Dreiecks ist größer als die Fläche des Quadrats. 三角形的面积是 6，三角形的周长是 12。",
  ],
  { size: 310, special },
);

/** The tokens that its configuration names. */
export const tinyConfig = { tokenizer_class: "Qwen2Tokenizer", eos_token: "<|im_end|>", pad_token: "<|endoftext|>" };

export const texts = [
  "",
  " ",
  "The area of the triangle is 6.",
  "We're they'LL I'M it'S don't O'Brien 'tis",
  "1234567890 ½ ² ٣ 三 Ⅳ 3.14e-5",
  "a  b   c \t d\n\n\ne \r\n f \r g  ",
  "trailing spaces   \n   indented\n\t\ttabs",
  "é e\u0301 \u1112\u1161\u11ab ﬁ Å \u212b ẛ̣",
  "👩‍👩‍👧‍👦🏳️‍🌈 🇩🇪 👍🏽 \u{1F9E0}",
  "نص عربي עברית ไทย हिन्दी தமிழ் 日本語テキスト 한국어",
  "x\u00a0y\u2003z\u2028w\u0085v\ufeffu\u200bt\u3000s\u180er",
  "<|im_start|>user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|>How many?<|im_end|>\n",
  "<|im_end|><|im_end|> <|im_end|>x<|im_end|",
  "a<|endoftext|>b <|IM_END|> <|im_ end|>",
  "+",
  "-",
  "−",
  "+-+-",
  " + - ",
  '!!! ... ?!?! (a)[b]{c} "quoted" `code` #hash @at $5 50% a_b a-b a/b\\c',
  "\u0000\u0001\u007f\u0080\u009f\u00ad",
  "word".repeat(70),
  "ababababababababababab aaaaaaaaaaaaaaaaaaaaaaa",
];

/** Texts of characters that tokenizers treat differently, the same ones every time. */
export function randomTexts(count: number): string[] {
  const pieces = [
    ..." \n\r\t\u00a0\u200b'sStTrRe09½٣aZéßñ三語🙂👍🏽.,!+-−/\"_<|>",
    "e\u0301",
    "'ll",
    "  ",
    "\r\n",
    ...special,
    "area",
    "Step",
  ];
  let state = 11;
  const next = (n: number) => (state = (state * 48271) % 2147483647) % n;
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(25) }, () => pieces[next(pieces.length)]).join(""),
  );
}

const image = { type: "image" as const };
const text = (text: string) => ({ type: "text" as const, text });

export const conversations = [
  [{ role: "user" as const, content: "How many sides?" }],
  [
    { role: "system" as const, content: "You judge steps." },
    { role: "user" as const, content: "  \"Quoted\" & <b>\n\n 'text' é 三  " },
    { role: "assistant" as const, content: "+" },
    { role: "user" as const, content: "Step 2" },
  ],
  [
    { role: "user" as const, content: [image, text("What is shown?\n"), image, text("And here?")] },
    { role: "assistant" as const, content: [text("A cat.")] },
  ],
];

/** Templates with what Qwen2-VL's and Qwen2.5's use: namespaces, loops, conditions, white space control, filters, tests. */
export const templates = {
  vision:
    "{% set seen = namespace(images=0) %}{% for message in messages %}{% if loop.first and message['role'] != 'system' %}" +
    "<|im_start|>system\nBe exact.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n" +
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}" +
    "{% for part in message['content'] %}{% if part['type'] == 'image' or 'image' in part %}{% set seen.images = seen.images + 1 %}" +
    "{% if add_vision_id %}Figure {{ seen.images }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>" +
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}" +
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
  text: `{%- if tools %}
    {{- '<|im_start|>system\\n# Tools\\n' }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n<|im_end|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {%- if message.content is string %}
            {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
        {%- else %}
            {{- '<|im_start|>' ~ message.role ~ '\\n' ~ (message.content | length) ~ ' parts' ~ eos_token ~ '\\n' }}
        {%- endif %}
    {%- endif %}
    {%- if loop.last or (messages[loop.index0 + 1].role != "user") %}
        {{- '#' ~ loop.index ~ '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`,
  blocks: `
  {# a comment #}
  {% set ns = namespace(last='none') %}
  {% for m in messages if m.role != 'system' %}
    {% set ns.last = m['role'] | upper %}
  {{ loop.index }}/{{ loop.length }} {{ m.role | trim | capitalize }}: {{ m.content | trim if m.content is string else (m.content | map(attribute='type') | join('+')) }}
  {% endfor %}
  last {{ ns.last }}{{ " bos" if bos_token is defined else " none" }} {{ messages[::-1][0].role }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }}
  {%- if messages[-1]['role'] == 'assistant' and 'c' in messages[-1].role %} never{% elif not add_generation_prompt %} plain{% endif %}

`,
};

export const renderings = Object.keys(templates).flatMap((name) =>
  conversations.flatMap((_, conversation) => [
    { template: name as keyof typeof templates, conversation, addGenerationPrompt: false, variables: {} },
    {
      template: name as keyof typeof templates,
      conversation,
      addGenerationPrompt: true,
      variables: {
        add_vision_id: true,
        tools: [{ name: "höhe", parameters: { a: [1, 2.5, true, null], b: "<'\"&>" } }],
      },
    },
  ]),
);
