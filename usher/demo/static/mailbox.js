// The mailbox: a list of what came, and one mail opened as its reader sees it.

import { Letter } from "./letter.js";
import { clock, get, make, toast } from "./page.js";

const LOOKS = { html: "As a reader sees it", text: "Plain text", headers: "Headers" };

export class MailboxPane {
  #root;
  #list = make("ol", { class: "mails" });
  #total = make("span", { class: "count" });
  #pager = make("div", { class: "pager" });
  #search = make("input", { type: "search", placeholder: "Find a recipient", "aria-label": "Find a recipient" });
  #reading = make("article", { class: "reading" });
  #page = 1;
  #received = -1;
  #opened = null;
  #seen = new Set();
  #letter;
  #look = "html";
  #scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

  /** `scene`: who there is, a run to name, and Usher's address. `user` gives who one is. */
  constructor(root, scene, user) {
    this.#root = root;
    this.#letter = new Letter(scene, user, () => this.#back());
    this.#search.addEventListener("input", () => {
      this.#page = 1;
      this.#load();
    });
    root.replaceChildren(
      make(
        "div",
        { class: "inbox" },
        make("header", {}, make("h2", {}, "Mailbox ", this.#total), make("button", { type: "button", class: "primary", onclick: () => this.write() }, "Write to Usher"), this.#search),
        make("p", { class: "quiet tip" }, "Addresses that begin with ", make("code", {}, "bounce"), " come back as undeliverable; ", make("code", {}, "busy"), " ones arrive at the second try."),
        make("div", { class: "scroll" }, this.#list, this.#pager),
      ),
      this.#reading,
    );
  }

  /** Looks again when there is news. */
  async heard(received) {
    if (received === this.#received) return;
    await this.#load();
  }

  async #load() {
    const found = await get("/demo/mails", { page: this.#page, search: this.#search.value });
    const isFirst = this.#received < 0;
    this.#received = found.received;
    this.#page = found.page;
    this.#total.textContent = found.received ? found.received.toLocaleString() : "";
    this.#list.replaceChildren(...found.mails.map((mail) => this.#line(mail, isFirst)));
    if (found.mails.length === 0) this.#list.replaceChildren(this.#nothing());
    this.#turnPages(found);
  }

  #line(mail, isFirst) {
    const isNew = !isFirst && !this.#seen.has(mail.number);
    this.#seen.add(mail.number);
    const open = make(
      "button",
      { type: "button", onclick: () => this.open(mail.number) },
      make("span", { class: "to" }, mail.to),
      make("time", {}, clock(mail.at)),
      make("span", { class: "subject" }, mail.subject || "(no subject)"),
    );
    return make("li", { class: isNew ? "new" : "" }, open);
  }

  #nothing() {
    if (this.#search.value) return make("li", { class: "nothing" }, `No mail to “${this.#search.value}”.`);
    const steps = [
      ["Write ", make("code", {}, "/invite"), " on the left, or press one of the suggestions above."],
      ["Press the green button: the invitations arrive here a few seconds later."],
      ["Open one, follow its link, and answer as the learner."],
      ["On the left, Usher's message about the batch shows the answer."],
    ];
    const other = ["Staff can do the same by e-mail: press ", make("strong", {}, "Write to Usher"), " above. Its answer arrives here, and ", make("code", {}, "undo"), " in a reply takes back what it did. A spreadsheet of learners comes back with every row marked."];
    return make("li", { class: "nothing" }, make("h3", {}, "No mail yet"), make("ol", {}, steps.map((step) => make("li", {}, step))), make("p", {}, other));
  }

  #turnPages({ page, page_count: pages, total }) {
    const turn = (label, to) =>
      make("button", { type: "button", disabled: to < 1 || to > pages, onclick: () => ((this.#page = to), this.#load()) }, label);
    this.#pager.replaceChildren(
      ...(pages > 1 ? [turn("Newer", page - 1), make("span", {}, `${page} of ${pages}`), turn("Older", page + 1)] : []),
    );
    this.#pager.title = `${total} mails`;
  }

  // One mail

  async open(number) {
    this.#opened = await get(`/demo/mails/${number}`);
    toast("");
    this.#look = this.#opened.has_html ? "html" : "text";
    this.#root.classList.add("is-reading");
    this.#draw();
    this.#reading.querySelector("button")?.focus();
  }

  /** A mail to Usher; `answered` is the opened mail that it replies to. */
  write({ answered = null, subject = "" } = {}) {
    this.#root.classList.add("is-reading");
    this.#reading.replaceChildren(make("button", { type: "button", class: "back", onclick: () => this.#back() }, "← All mail"), this.#letter.draw(answered, subject));
    this.#reading.querySelector("textarea").focus();
  }

  #back() {
    this.#opened = null;
    this.#root.classList.remove("is-reading");
    this.#reading.replaceChildren();
  }

  #draw() {
    const mail = this.#opened;
    const looks = Object.entries(LOOKS).filter(([look]) => look !== "html" || mail.has_html);
    this.#reading.replaceChildren(
      make("button", { type: "button", class: "back", onclick: () => this.#back() }, "← All mail"),
      make("h2", {}, mail.subject || "(no subject)"),
      make("dl", {}, fact("From", mail.from), fact("To", mail.to), mail.attachments.length ? fact("Attached", this.#attachments(mail)) : null),
      make(
        "div",
        { class: "tools" },
        make("div", { class: "tabs", role: "group", "aria-label": "Look" }, looks.map(([look, label]) => tab(label, look === this.#look, () => this.#turn({ look })))),
        this.#letter.canAnswer(mail) ? make("button", { type: "button", onclick: () => this.write({ answered: mail }) }, "Reply") : null,
        this.#look === "html" ? make("div", { class: "tabs", role: "group", "aria-label": "Colours" }, ["light", "dark"].map((scheme) => tab(scheme === "light" ? "Light" : "Dark", scheme === this.#scheme, () => this.#turn({ scheme })))) : null,
      ),
      this.#body(mail),
    );
  }

  #turn({ look = this.#look, scheme = this.#scheme }) {
    this.#look = look;
    this.#scheme = scheme;
    this.#draw();
  }

  #attachments(mail) {
    return mail.attachments.map((each, place) =>
      make("a", { href: `/demo/mails/${mail.number}/attachments/${place}`, download: each.name }, `${each.name} (${Math.ceil(each.size / 1024)} KB)`),
    );
  }

  #body(mail) {
    if (this.#look === "headers") return make("pre", { class: "body", tabindex: "0" }, mail.raw_headers);
    if (this.#look === "text") return make("pre", { class: "body letter", tabindex: "0" }, linked(mail.text || "(no text)"));
    return make("iframe", {
      class: `body ${this.#scheme}`, title: "The mail", src: `/demo/mails/${mail.number}/html?scheme=${this.#scheme}`,
      sandbox: "allow-popups allow-popups-to-escape-sandbox", referrerpolicy: "no-referrer",
    });
  }
}

function fact(label, value) {
  return make("div", {}, make("dt", {}, label), make("dd", {}, value));
}

function tab(label, isPressed, onclick) {
  return make("button", { type: "button", "aria-pressed": String(isPressed), onclick }, label);
}

function linked(text) {
  return text.split(/(https?:\/\/[^\s<>]+)/).map((part, place) => (place % 2 ? make("a", { href: part, target: "_blank", rel: "noopener" }, part) : part));
}
