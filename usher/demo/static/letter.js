// A mail to Usher: written by whoever one is, with files, or as a reply to one that came.

import { make, sendForm, toast } from "./page.js";

export class Letter {
  #scene;
  #user;
  #done;

  constructor(scene, user, done) {
    this.#scene = scene;
    this.#user = user;
    this.#done = done;
  }

  /** Only staff have a mail program here; learners answer on their pages. */
  canAnswer(mail) {
    return this.#scene.people.some((person) => mail.to.includes(person.email));
  }

  draw(answered, words) {
    const author = this.#author(answered);
    const subject = make("input", { name: "subject", value: answered ? `Re: ${answered.subject.replace(/^re:\s*/i, "")}` : words, maxlength: 200, placeholder: "help" });
    const body = make("textarea", { name: "text", rows: 9, placeholder: answered ? "yes, good rows, undo, more …" : "What should Usher do?" });
    const files = make("input", { type: "file", name: "file", multiple: true });
    const form = make(
      "form",
      { class: "letter-form", autocomplete: "off" },
      make("h2", {}, answered ? "Reply to Usher" : "Write to Usher"),
      make("dl", {}, fact("From", `${author.name} <${author.email}>`), fact("To", this.#scene.mail_address)),
      field("Subject", subject),
      field("Text", body),
      field("Files", files),
      answered ? null : this.#examples(subject, body, files),
      make("footer", {}, make("button", { type: "submit", class: "primary" }, "Send")),
    );
    form.addEventListener("submit", (event) => this.#send(event, form, author, answered));
    return form;
  }

  #author(answered) {
    const people = this.#scene.people;
    return people.find((person) => answered?.to.includes(person.email)) ?? people.find((person) => person.id === this.#user());
  }

  #examples(subject, body, files) {
    const { run } = this.#scene;
    const examples = [
      ["Invite two", `invite ${run}`, "cara.bell@example.org\nDev Shah <dev.shah@example.org>\n"],
      ["What can I write?", "help", ""],
      ["Courses", "courses", ""],
      ["Not yet answered", `invites ${run} pending`, ""],
    ];
    const take = ([, words, text]) => {
      subject.value = words;
      body.value = text;
      body.focus();
    };
    const sheet = make("button", { type: "button", onclick: () => this.#attachSheet(subject, body, files) }, "Import a spreadsheet");
    return make("p", { class: "examples" }, make("span", { class: "quiet" }, "Try "), examples.map((each) => make("button", { type: "button", onclick: () => take(each) }, each[0])), sheet);
  }

  /** Twelve learners, three of whom have something wrong. */
  async #attachSheet(subject, body, files) {
    const answer = await fetch("/demo/sample.xlsx");
    const chosen = new DataTransfer();
    chosen.items.add(new File([await answer.blob()], "Year 12 learners.xlsx"));
    files.files = chosen.files;
    subject.value = "New learners";
    body.value = "Hello,\nplease find our new learners attached.\n";
    body.focus();
  }

  async #send(event, form, author, answered) {
    event.preventDefault();
    const content = new FormData(form);
    content.set("user", author.id);
    content.set("answers", answered?.number ?? "");
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    const sent = await sendForm("/demo/mails", content);
    button.disabled = false;
    if (sent.problem) return;
    toast("Sent. Usher's answer arrives in this mailbox in a moment.");
    this.#done();
  }
}

function field(label, input) {
  return make("label", { class: "field" }, make("span", {}, label), input);
}

function fact(label, value) {
  return make("div", {}, make("dt", {}, label), make("dd", {}, value));
}
