// The window that Usher opens over the page: drawn from a Slack view, filled in, sent or closed.

import { drawBlocks } from "./blocks.js";
import { whileBusy } from "./controls.js";
import { words } from "./markup.js";
import { make, post, upload } from "./page.js";

/** `around`: user() gives the id, names() the people, refresh() looks again at once. */
export class Modal {
  #around;
  #dialog;
  #view = null;
  #errors = {};
  #typed = new Map(); // block_id -> what was entered here, of the view that is open

  constructor(around) {
    this.#around = around;
    this.#dialog = make("dialog", { class: "modal" });
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.#close();
    });
    document.body.append(this.#dialog);
  }

  /** null: nothing is open. */
  show(view) {
    if (view === null) {
      this.#view = null;
      this.#dialog.close();
      return;
    }
    if (this.#view?.id === view.id && this.#view.hash === view.hash) return;
    if (this.#view?.id !== view.id) this.#typed.clear();
    this.#errors = {};
    this.#view = view;
    this.#draw();
    if (!this.#dialog.open) this.#dialog.showModal();
    const first = this.#dialog.querySelector("input, textarea, select");
    first?.focus();
    if (first?.tagName === "TEXTAREA") first.setSelectionRange(0, 0);
  }

  #draw() {
    const view = this.#view;
    const surface = {
      names: this.#around.names(),
      errors: this.#errors,
      press: (element, value) => this.#do("/demo/press", { action: element.action_id, value }),
      suggest: async (element, typed) => (await post("/demo/suggest", this.#asked({ action: element.action_id, typed }))).options ?? [],
      enter: (block, element, value, { atOnce = false } = {}) => this.#enter(block, element, value, atOnce),
      entered: (block, element) => this.#entered(block, element),
    };
    const submit = view.submit ? make("button", { class: "primary", type: "submit" }, words(view.submit)) : null;
    const close = make("button", { type: "button", onclick: () => this.#close() }, view.close ? words(view.close) : view.submit ? "Cancel" : "Close");
    const form = make(
      "form",
      { novalidate: true },
      make("header", {}, make("h2", {}, words(view.title)), make("button", { type: "button", class: "cross", "aria-label": "Close", onclick: () => this.#close() }, "×")),
      make("div", { class: "modal-body" }, drawBlocks(view.blocks, surface)),
      make("footer", { class: "actions end" }, close, submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      whileBusy(submit ?? close, () => this.#submit());
    });
    this.#dialog.replaceChildren(form);
    this.#dialog.setAttribute("aria-label", view.title?.text ?? "Window");
    this.#dialog.querySelector(".wrong")?.scrollIntoView({ block: "center" });
  }

  #asked(more) {
    return { user: this.#around.user(), view: this.#view.id, ...more };
  }

  async #do(path, more) {
    const answer = await post(path, this.#asked(more));
    await this.#around.refresh();
    return answer;
  }

  #entered(block, element) {
    const here = this.#typed.get(block.block_id);
    return here?.state ?? this.#view.values[block.block_id]?.[element.action_id];
  }

  #enter(block, element, value, atOnce) {
    this.#typed.set(block.block_id, { value, isKept: atOnce, state: typeof value === "string" && !atOnce ? { value } : undefined });
    if (block.dispatch_action) this.#do("/demo/press", { action: element.action_id, value });
    else if (atOnce) post("/demo/choose", this.#asked({ values: { [block.block_id]: value } }));
  }

  async #submit() {
    const values = await this.#values();
    if (values === null) return;
    const answer = await post("/demo/submit", this.#asked({ values }));
    this.#errors = answer.errors ?? {};
    if (Object.keys(this.#errors).length) this.#draw();
    await this.#around.refresh();
  }

  /** Files are sent ahead. null: one was refused. */
  async #values() {
    const values = {};
    const here = new Set(this.#view.blocks.map((block) => block.block_id)); // An update may have taken fields away.
    for (const [block, { value, isKept }] of this.#typed) {
      if (isKept || value === undefined || !here.has(block)) continue;
      if (!Array.isArray(value) || !(value[0] instanceof File)) {
        if (!Array.isArray(value) || value.length) values[block] = value;
        continue;
      }
      const sent = await Promise.all(value.map((file) => upload("/demo/files", { user: this.#around.user(), name: file.name }, file)));
      if (sent.some((file) => file.problem)) return null;
      values[block] = { files: sent.map((file) => file.id) };
    }
    return values;
  }

  async #close() {
    await this.#do("/demo/close", {});
  }
}
