// Block Kit as elements: the blocks. The things in them that can be touched are in controls.js.

import { control } from "./controls.js";
import { image, markup, withEmoji, words } from "./markup.js";
import { make } from "./page.js";

/**
 * `surface` is where they stand, and what touching them does:
 *   names            user id -> name
 *   press(element, value)            a button, or a choice outside a form
 *   suggest(element, typed)          options of a searching menu
 *   enter(block, element, value)     something was entered into a form
 *   entered(block, element)          what is in the field now
 *   errors           block_id -> sentence
 */
export function drawBlocks(blocks, surface) {
  return (blocks ?? []).map((block) => draw(block, surface));
}

function draw(block, surface) {
  const kind = KINDS[block.type];
  if (!kind) return make("p", { class: "block unknown" }, `(a block of the kind “${block.type}”)`);
  return kind(block, surface);
}

const KINDS = {
  divider: () => make("hr"),
  header: (block) => make("h3", { class: "block" }, words(block.text)),
  section,
  context: (block, surface) => make("div", { class: "block context" }, block.elements.map((each) => contextPart(each, surface))),
  actions: (block, surface) => make("div", { class: "block actions" }, block.elements.map((each) => control(block, each, surface))),
  input,
  image: (block) => make("figure", { class: "block" }, words(block.title), image(block)),
  rich_text: (block, surface) => make("div", { class: "block" }, block.elements.map((each) => rich(each, surface))),
  markdown: (block, surface) => make("div", { class: "block text" }, markup(block.text.replaceAll("**", "*"), surface.names)),
  table,
  data_table: table,
};

function section(block, surface) {
  const text = block.text ? make("div", { class: "text" }, words(block.text, surface.names)) : null;
  const fields = block.fields
    ? make("div", { class: "fields" }, block.fields.map((field) => make("div", {}, words(field, surface.names))))
    : null;
  const accessory = block.accessory ? make("div", { class: "accessory" }, control(block, block.accessory, surface)) : null;
  return make("div", { class: "block section" }, make("div", { class: "body" }, text, fields), accessory);
}

function contextPart(part, surface) {
  return part.type === "image" ? image(part) : make("span", {}, words(part, surface.names));
}

function input(block, surface) {
  const id = `field-${block.block_id}`;
  const error = surface.errors?.[block.block_id] ?? surface.errors?.[block.element.action_id];
  const optional = block.optional ? make("span", { class: "optional" }, " (optional)") : null;
  const described = [block.hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(" ");
  return make(
    "div",
    { class: `block field${error ? " wrong" : ""}` },
    make("label", { for: id }, words(block.label), optional),
    control(block, block.element, { ...surface, field: { id, described, error: Boolean(error) } }),
    error ? make("p", { class: "error", id: `${id}-error` }, error) : null,
    block.hint ? make("p", { class: "hint", id: `${id}-hint` }, words(block.hint)) : null,
  );
}

function table(block, surface) {
  const [head, ...rows] = block.rows;
  const cells = (row, tag) => row.map((cell) => make(tag, {}, cell.type === "rich_text" ? cell.elements.map((each) => rich(each, surface)) : String(cell.text ?? cell.value ?? "")));
  return make(
    "div",
    { class: "block table" },
    make("table", {}, block.caption ? make("caption", {}, block.caption) : null, make("thead", {}, make("tr", {}, cells(head, "th"))), make("tbody", {}, rows.map((row) => make("tr", {}, cells(row, "td"))))),
  );
}

function rich(part, surface) {
  const inner = () => part.elements.map((each) => rich(each, surface));
  switch (part.type) {
    case "rich_text_section": return make("span", {}, inner());
    case "rich_text_quote": return make("blockquote", {}, inner());
    case "rich_text_preformatted": return make("pre", {}, inner());
    case "rich_text_list": return make(part.style === "ordered" ? "ol" : "ul", {}, part.elements.map((each) => make("li", {}, rich(each, surface))));
    case "link": return make("a", { href: /^(https?:|mailto:)/.test(part.url) ? part.url : null, target: "_blank", rel: "noopener" }, part.text ?? part.url);
    case "user": return make("span", { class: "mention" }, `@${surface.names[part.user_id] ?? part.user_id}`);
    case "emoji": return withEmoji(`:${part.name}:`);
    default: return styledText(part);
  }
}

function styledText(part) {
  const wraps = { bold: "strong", italic: "em", strike: "del", code: "code" };
  const inside = document.createTextNode(part.text ?? part.fallback ?? "");
  return Object.keys(wraps).filter((name) => part.style?.[name]).reduce((node, name) => make(wraps[name], {}, node), inside);
}
