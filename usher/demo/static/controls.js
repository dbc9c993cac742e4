// Block Kit as elements: everything that can be pressed, chosen, typed into or given a file.

import { image, words } from "./markup.js";
import { make } from "./page.js";

/** One element inside a block. See blocks.js for what `surface` offers. */
export function control(block, element, surface) {
  const kind = KINDS[element.type];
  if (kind) return kind(block, element, surface);
  return make("span", { class: "unknown" }, `(a control of the kind “${element.type}”)`);
}

const KINDS = {
  button,
  overflow,
  image: (_block, element) => image(element),
  static_select: menu,
  multi_static_select: menu,
  external_select: searchMenu,
  multi_external_select: multiSearchMenu,
  plain_text_input: (block, element, surface) => typedField(block, element, surface, element.multiline ? "textarea" : "input"),
  email_text_input: (block, element, surface) => typedField(block, element, surface, "input", { type: "email" }),
  url_text_input: (block, element, surface) => typedField(block, element, surface, "input", { type: "url" }),
  number_input: (block, element, surface) => typedField(block, element, surface, "input", { type: "number" }),
  datepicker: (block, element, surface) => picker(block, element, surface, "date", "selected_date"),
  timepicker: (block, element, surface) => picker(block, element, surface, "time", "selected_time"),
  datetimepicker: momentPicker,
  checkboxes: choices,
  radio_buttons: choices,
  file_input: fileField,
};

function button(_block, element, surface) {
  const press = async (event) => {
    const pressed = event.currentTarget;
    if (!(await isSure(element.confirm, surface))) return;
    if (/^https?:/.test(element.url ?? "")) window.open(element.url, "_blank", "noopener");
    await whileBusy(pressed, () => surface.press(element, element.value));
  };
  return make("button", { type: "button", class: element.style ?? "", "aria-label": element.accessibility_label, onclick: press }, words(element.text));
}

/** The menu behind “…”. */
function overflow(_block, element, surface) {
  const pick = (option) => async (event) => {
    event.currentTarget.closest("details").open = false;
    if (await isSure(element.confirm, surface)) await surface.press(element, option.value);
  };
  const items = element.options.map((option) => make("button", { type: "button", onclick: pick(option) }, words(option.text)));
  const more = make("details", { class: "overflow" }, make("summary", { "aria-label": "More" }, "⋯"), make("div", { class: "menu" }, items));
  more.addEventListener("focusout", (event) => {
    if (!more.contains(event.relatedTarget)) more.open = false;
  });
  return more;
}

function menu(block, element, surface) {
  const multiple = element.type.startsWith("multi_");
  const state = surface.entered?.(block, element) ?? {};
  const chosen = new Set([state.selected_option ?? element.initial_option, ...(state.selected_options ?? element.initial_options ?? [])].filter(Boolean).map((option) => option.value));
  const options = (list) => list.map((option) => make("option", { value: option.value, selected: chosen.has(option.value) }, words(option.text)));
  const grouped = (element.option_groups ?? []).map((group) => make("optgroup", { label: group.label.text }, options(group.options)));
  const empty = multiple ? null : make("option", { value: "", disabled: !block.optional, selected: chosen.size === 0 }, element.placeholder?.text ?? "Choose…");
  const changed = async (event) => {
    const values = [...event.target.selectedOptions].map((option) => option.value);
    if (block.type === "input") return surface.enter(block, element, multiple ? values : values[0]);
    if (await isSure(element.confirm, surface)) await surface.press(element, multiple ? values : values[0]);
  };
  const label = block.type === "input" ? {} : { "aria-label": element.placeholder?.text ?? "Choose" };
  return make("select", { ...marks(surface), ...label, multiple, onchange: changed }, empty, grouped, options(element.options ?? []));
}

/** A menu that asks Usher while one types. */
function searchMenu(block, element, surface) {
  const least = element.min_query_length ?? 3;
  const state = surface.entered?.(block, element) ?? {};
  const chosen = state.selected_option ?? element.initial_option;
  const list = make("div", { class: "menu", role: "listbox", id: `${block.block_id}-options`, hidden: true });
  const field = make("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list", autocomplete: "off",
    ...marks(surface), placeholder: element.placeholder?.text ?? "", value: chosen?.text.text ?? "",
  });
  const show = (nodes) => {
    list.replaceChildren(...nodes);
    list.hidden = nodes.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
  };
  const choose = (option) => {
    field.value = option.text.text;
    show([]);
    if (block.type === "input") surface.enter(block, element, option.value, { atOnce: true });
    else surface.press(element, option.value);
  };
  let question = 0;
  const search = async () => {
    const mine = ++question;
    if (field.value.length < least) return show([]);
    const options = await surface.suggest(element, field.value);
    if (mine !== question) return;
    const found = options.map((option) => make("button", { type: "button", role: "option", tabindex: "-1", onclick: () => choose(option) }, make("span", {}, words(option.text)), option.description ? make("small", {}, words(option.description)) : null));
    show(found.length ? found : [make("p", { class: "nothing" }, "Nothing found")]);
  };
  field.addEventListener("input", search);
  field.addEventListener("focus", () => field.select());
  if (least === 0) field.addEventListener("focus", search);
  const box = make("div", { class: "search-menu" }, field, list);
  box.addEventListener("keydown", (event) => walk(event, field, list));
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget)) show([]);
  });
  return box;
}

/** As searchMenu, for several: what is chosen stands above it and goes when it is pressed. */
function multiSearchMenu(block, element, surface) {
  const state = surface.entered?.(block, element) ?? {};
  const chosen = new Map((state.selected_options ?? element.initial_options ?? []).map((option) => [option.value, option]));
  const offered = new Map();
  const list = make("div", { class: "chosen" });
  const tell = () => {
    draw();
    return surface.enter(block, element, [...chosen.keys()], { atOnce: true });
  };
  const remove = (option) => () => chosen.delete(option.value) && tell();
  const draw = () => list.replaceChildren(...[...chosen.values()].map((option) => make("button", { type: "button", onclick: remove(option) }, words(option.text), " ✕")));
  const adding = {
    ...surface,
    entered: () => ({}),
    suggest: async (asked, typed) => {
      const options = await surface.suggest(asked, typed);
      options.forEach((option) => offered.set(option.value, option));
      return options;
    },
    enter: (_block, _element, value) => chosen.set(value, offered.get(value)) && tell(),
  };
  draw();
  return make("div", {}, list, searchMenu(block, { ...element, initial_option: undefined }, adding));
}

/** Arrow keys go through the options, Enter takes the first one or the marked one. */
function walk(event, field, list) {
  const options = [...list.querySelectorAll("[role=option]")];
  if (list.hidden || options.length === 0) return;
  const at = options.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) (options[at + step] ?? field).focus();
  else if (event.key === "Enter" && at < 0) options[0].click();
  else if (event.key === "Escape") list.hidden = true;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function typedField(block, element, surface, tag, more = {}) {
  const state = surface.entered?.(block, element) ?? {};
  const value = state.value ?? element.initial_value ?? "";
  const field = make(tag, {
    ...(tag === "input" ? { type: "text" } : { rows: Math.min(Math.max(value.split("\n").length + Math.ceil(value.length / 70), 4), 14) }), ...more, ...marks(surface),
    placeholder: element.placeholder?.text, maxlength: element.max_length ?? (more.type ? null : 3000),
    oninput: (event) => surface.enter(block, element, event.target.value),
  });
  field.value = value;
  return field;
}

function picker(block, element, surface, type, key) {
  const state = surface.entered?.(block, element) ?? {};
  const changed = (event) => (block.type === "input" ? surface.enter(block, element, event.target.value) : surface.press(element, event.target.value));
  return make("input", { type, ...marks(surface), value: state[key] ?? "", onchange: changed });
}

/** Slack's value is in seconds; the field shows the visitor's own clock. */
function momentPicker(block, element, surface) {
  const state = surface.entered?.(block, element) ?? {};
  const seconds = Number(state.selected_date_time ?? element.initial_date_time ?? 0);
  const shown = seconds ? new Date((seconds - new Date(seconds * 1000).getTimezoneOffset() * 60) * 1000).toISOString().slice(0, 16) : "";
  const changed = (event) => {
    const moment = event.target.value ? String(Math.floor(new Date(event.target.value).getTime() / 1000)) : "";
    return block.type === "input" ? surface.enter(block, element, moment) : surface.press(element, moment);
  };
  return make("input", { type: "datetime-local", ...marks(surface), value: shown, onchange: changed });
}

function choices(block, element, surface) {
  const isOne = element.type === "radio_buttons";
  const state = surface.entered?.(block, element) ?? {};
  const chosen = new Set([state.selected_option ?? element.initial_option, ...(state.selected_options ?? element.initial_options ?? [])].filter(Boolean).map((option) => option.value));
  const changed = (event) => {
    const values = [...event.currentTarget.querySelectorAll("input:checked")].map((field) => field.value);
    const value = isOne ? values[0] : values;
    return block.type === "input" ? surface.enter(block, element, value) : surface.press(element, value);
  };
  const one = (option) => make("label", {}, make("input", { type: isOne ? "radio" : "checkbox", name: `${block.block_id}-${element.action_id}`, value: option.value, checked: chosen.has(option.value) }), make("span", {}, words(option.text)));
  return make("div", { class: "choices", role: "group", id: surface.field?.id, onchange: changed }, element.options.map(one));
}

function fileField(block, element, surface) {
  const types = (element.filetypes ?? []).map((type) => `.${type}`).join(",");
  const changed = (event) => surface.enter(block, element, [...event.target.files]);
  return make("input", { type: "file", ...marks(surface), accept: types || null, multiple: (element.max_files ?? 10) > 1, onchange: changed });
}

function marks(surface) {
  const field = surface.field;
  return field ? { id: field.id, "aria-describedby": field.described || null, "aria-invalid": field.error ? "true" : null } : {};
}

export async function whileBusy(button, work) {
  button.disabled = true;
  try {
    await work();
  } finally {
    button.disabled = false;
  }
}

/** Slack's question before a press counts. */
function isSure(confirm, surface) {
  if (!confirm) return true;
  const asked = make(
    "dialog",
    { class: "confirm" },
    make("h2", {}, words(confirm.title)),
    make("div", { class: "text" }, words(confirm.text, surface.names)),
    make(
      "form",
      { method: "dialog", class: "actions end" },
      make("button", { value: "no" }, words(confirm.deny)),
      make("button", { value: "yes", class: confirm.style ?? "primary" }, words(confirm.confirm)),
    ),
  );
  document.body.append(asked);
  asked.showModal();
  return new Promise((resolve) => {
    asked.addEventListener("close", () => {
      asked.remove();
      resolve(asked.returnValue === "yes");
    });
  });
}
