// The page: who one is, where one writes, what Usher answered. It looks at the demo once a second.

import { drawBlocks } from "./blocks.js";
import { markup } from "./markup.js";
import { MailboxPane } from "./mailbox.js";
import { Modal } from "./modal.js";
import { clock, get, make, post, toast, upload } from "./page.js";

const EVERY_MS = 1000;
const ANSWER_MS = 5000;
const find = (id) => document.getElementById(id);
const state = { scene: null, user: "", conversation: "", tab: "messages", screen: null, read: new Map(), isLost: false };
const drawn = new Map(); // ts -> {json, node}: a message is drawn anew only when it changed
const modal = new Modal({ user: () => state.user, names: () => state.screen?.names ?? {}, refresh: look });
let mailbox;

async function start() {
  state.scene = await get("/demo/scene");
  state.user = state.scene.people[0].id;
  find("team").textContent = state.scene.team;
  mailbox = new MailboxPane(find("mailbox"), state.scene, () => state.user);
  drawPeople();
  drawTries();
  listen();
  await look();
  setInterval(look, EVERY_MS);
  find("typed").focus();
}

// --- Looking ---------------------------------------------------------------------------------------------

let lastText = "";
let asked = 0;
let shown = 0;

/** A slow answer must not overwrite a younger one, nor belong to somebody one no longer is. */
async function look() {
  const mine = ++asked;
  const { user, conversation } = state;
  const isOld = () => mine < shown || user !== state.user || conversation !== state.conversation;
  try {
    const screen = await get("/demo/screen", { user, conversation });
    if (isOld()) return;
    shown = mine;
    if (state.isLost) toast("");
    state.isLost = false;
    show(screen);
    await mailbox.heard(screen.mail_count);
  } catch {
    if (isOld()) return;
    state.isLost = true;
    toast("The demo has stopped. Start it again with “make demo”.", { stays: true });
  }
}

function show(screen) {
  const isFirst = !state.conversation;
  const news = showAnswerOf(screen);
  if (news) state.tab = "messages";
  const text = state.user + state.conversation + state.tab + JSON.stringify(screen);
  if (text === lastText) return;
  lastText = text;
  state.screen = screen;
  if (isFirst) {
    state.conversation = firstConversation(screen);
    look();
    return;
  }
  drawConversations();
  drawTalk();
  if (news) scrollTo(news);
  find("side-count").textContent = screen.mail_count || "";
  modal.show(screen.modal);
}

let awaited = null;

/** After something was pressed or said: the first answer comes into view, wherever one was. */
function awaitAnswer() {
  const known = new Set(state.screen.messages.map((each) => each.ts));
  awaited = { known, user: state.user, conversation: state.conversation, until: Date.now() + ANSWER_MS };
}

function showAnswerOf(screen) {
  if (!awaited || awaited.user !== state.user || awaited.conversation !== state.conversation || Date.now() > awaited.until) return null;
  const news = screen.messages.find((each) => !awaited.known.has(each.ts));
  if (news) awaited = null;
  return news;
}

/** Its beginning, for some are taller than the window. */
function scrollTo(message) {
  const scroll = find("talk-scroll");
  const node = drawn.get(message.ts).node;
  scroll.scrollTop += node.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
}

/** One's own talk with Usher, where all of a story is in one place. */
function firstConversation(screen) {
  return (screen.conversations.find((each) => each.is_direct) ?? screen.conversations[0]).id;
}

// --- Drawing ---------------------------------------------------------------------------------------------

function drawPeople() {
  find("person").replaceChildren(...state.scene.people.map((each) => make("option", { value: each.id }, each.name)));
  drawAbout();
}

function drawAbout() {
  find("about").textContent = state.scene.people.find((each) => each.id === state.user).about;
}

function drawTries() {
  const run = state.scene.run;
  const tries = [
    ["Open the form", "/invite"],
    ["Invite three people", `/invite ${run} ana@example.org, "Bo Berg" <bo@example.org>, bounce.cy@example.org`],
    ["Invite for tomorrow", `/invite ${run} kim@example.org at tomorrow 9:00`],
    ["See who answered", `/invites ${run}`],
    ["Share one link", `/links ${run}`],
    ["Read your digest", "/digest now"],
    ["See who needs you", `/usher at-risk ${state.scene.told_run}`],
    ["See who did what", "/history B-0001"],
  ];
  const offer = (label, words, onclick) =>
    find("tries").append(make("button", { type: "button", title: words, onclick }, make("strong", {}, label), make("code", {}, words)));
  for (const [label, command] of tries) offer(label, command, () => say(command));
  offer("Import learners", "the sample spreadsheet", dropSample);
  offer("Ask by e-mail", `invites ${run} pending`, () => {
    showSide("mail");
    mailbox.write({ subject: `invites ${run} pending` });
  });
}

function drawConversations() {
  const groups = [["Channels", false], ["Direct messages", true]];
  find("conversations").replaceChildren(
    ...groups.flatMap(([title, isDirect]) => {
      const here = state.screen.conversations.filter((each) => each.is_direct === isDirect);
      return here.length ? [make("p", {}, title), make("ul", { "aria-label": title }, here.map(drawConversation))] : [];
    }),
  );
}

function drawConversation(each) {
  const isOpen = each.id === state.conversation;
  if (isOpen) state.read.set(each.id, each.newest);
  const isUnread = !isOpen && each.newest > (state.read.get(each.id) ?? "");
  const dot = isUnread ? make("span", { class: "dot", title: "new" }) : null;
  const open = make("button", { type: "button", "aria-current": isOpen ? "true" : null, class: isUnread ? "unread" : "", onclick: () => turnTo(each.id) }, nameOf(each), dot);
  return make("li", {}, open);
}

function nameOf(conversation) {
  return conversation.is_direct ? "Usher" : `# ${conversation.name}`;
}

function drawTalk() {
  const here = state.screen.conversations.find((each) => each.id === state.conversation);
  const isHome = here.is_direct && state.tab === "home";
  find("talk-title").replaceChildren(nameOf(here), here.is_shared ? make("small", {}, "shared with another company") : "");
  find("talk-tabs").hidden = !here.is_direct;
  for (const each of find("talk-tabs").children) each.setAttribute("aria-pressed", String((each.dataset.tab === "home") === isHome));
  find("messages").hidden = isHome;
  find("home").hidden = !isHome;
  find("composer").hidden = isHome;
  find("attach").hidden = !here.is_direct;
  find("typed").placeholder = here.is_direct ? "Write to Usher, for example /invite or help" : `Message #${here.name}, for example /invite`;
  if (isHome) drawHome();
  else drawMessages();
}

function drawMessages() {
  const scroll = find("talk-scroll");
  const isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const nodes = state.screen.messages.length ? state.screen.messages.map(messageNode) : [emptyTalk];
  const before = [...find("messages").children];
  const isSame = nodes.length === before.length && nodes.every((node, place) => node === before[place]);
  if (isSame) return;
  find("messages").replaceChildren(...nodes);
  if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
}

const emptyTalk = make("li", { class: "empty" }, make("p", {}, "Nothing here yet."), make("p", { class: "quiet" }, "Press one of the suggestions at the top, or type ", make("code", {}, "/"), " below to see what Usher can do."));

function messageNode(message) {
  const json = JSON.stringify(message);
  const known = drawn.get(message.ts);
  if (known?.json === json) return known.node;
  const node = drawMessage(message, known !== undefined);
  drawn.set(message.ts, { json, node });
  return node;
}

function drawMessage(message, isChanged) {
  const asked = (more) => ({ user: state.user, conversation: message.channel, message: message.ts, ...more });
  const surface = surfaceOf(asked);
  const said = message.blocks.length ? drawBlocks(message.blocks, surface) : make("div", { class: "text" }, markup(message.text, state.screen.names));
  return make(
    "li",
    { class: `message${message.is_private ? " private" : ""}${isChanged ? " changed" : ""}`, "data-ts": message.ts },
    make("span", { class: `face${message.is_app ? " app" : ""}`, "aria-hidden": "true" }, message.author[0]),
    make(
      "div",
      { class: "said" },
      message.is_private ? make("p", { class: "only" }, "Only visible to you") : null,
      make("p", { class: "by" }, make("strong", {}, message.author), message.is_app ? make("span", { class: "badge" }, "App") : null, make("time", {}, clock(Number(message.ts))), message.is_edited ? make("small", {}, "edited") : null),
      said,
      message.files.map(attached),
    ),
    message.is_private ? null : messageMenu(asked),
  );
}

/** What the blocks of a message or the home tab do; `asked` adds where they stand. */
function surfaceOf(asked) {
  return {
    names: state.screen.names,
    press: async (element, value) => {
      awaitAnswer();
      await post("/demo/press", asked({ action: element.action_id, value }));
      await look();
    },
    suggest: async (element, typed) => (await post("/demo/suggest", asked({ action: element.action_id, typed }))).options ?? [],
  };
}

/** What Usher offers in the menu of a message; ephemeral ones have none. */
function messageMenu(asked) {
  const offered = make("div", { hidden: true });
  const dots = make("button", { type: "button", class: "dots", "aria-label": "More actions", "aria-expanded": "false", onclick: () => turn() }, "⋯");
  const turn = () => {
    offered.hidden = !offered.hidden;
    dots.setAttribute("aria-expanded", String(!offered.hidden));
  };
  for (const each of state.scene.message_shortcuts) {
    const run = async () => {
      turn();
      awaitAnswer();
      await post("/demo/shortcut", asked({ shortcut: each.id }));
      await look();
    };
    offered.append(make("button", { type: "button", onclick: run }, each.name));
  }
  return make("div", { class: "more" }, dots, offered);
}

/** A picture is shown; of anything else there is its name. */
function attached(file) {
  const source = `/demo/files/${file.id}`;
  if (!file.name.endsWith(".png")) return make("p", { class: "attached" }, "📎 ", make("a", { href: source, download: file.name }, file.name));
  return make("a", { class: "attached", href: source, target: "_blank", rel: "noopener" }, make("img", { src: source, alt: file.name, width: 200, height: 200 }));
}

let homeText = "";

function drawHome() {
  const text = JSON.stringify(state.screen.home);
  if (text === homeText) return;
  homeText = text;
  const view = state.screen.home;
  const asked = (more) => ({ user: state.user, view: view.id, ...more });
  const surface = { ...surfaceOf(asked), entered: (block, element) => view.values[block.block_id]?.[element.action_id] };
  find("home").replaceChildren(...(view ? drawBlocks(view.blocks, surface) : [make("p", { class: "empty quiet" }, "Usher has put nothing here.")]));
}

// --- Doing -----------------------------------------------------------------------------------------------

async function say(text, chosen = []) {
  if ((!text.trim() && !chosen.length) || !state.conversation) return;
  if (state.tab === "home") state.tab = "messages";
  showSide("slack");
  awaitAnswer();
  const added = [];
  for (const file of chosen) added.push(await upload("/demo/files", { user: state.user, name: file.name }, file));
  if (added.some((each) => each.problem)) return;
  const files = added.map((each) => each.id);
  await post("/demo/say", { user: state.user, conversation: state.conversation, text, files });
  await look();
}

/** As if the visitor had dropped it on Usher. */
async function dropSample() {
  showSide("slack");
  awaitAnswer();
  const answer = await post("/demo/sample-sheet", { user: state.user });
  if (answer.conversation) await turnTo(answer.conversation);
}

async function turnTo(conversation) {
  state.conversation = conversation;
  state.tab = "messages";
  await look();
  find("talk-scroll").scrollTop = find("talk-scroll").scrollHeight;
}

async function become(user) {
  state.user = user;
  state.conversation = "";
  state.tab = "messages";
  drawn.clear();
  drawAbout();
  await look();
}

async function turnTab(tab) {
  state.tab = tab;
  if (tab === "home") await post("/demo/home", { user: state.user });
  await look();
  find("talk-scroll").scrollTop = tab === "home" ? 0 : find("talk-scroll").scrollHeight;
}

function showSide(side) {
  document.querySelector("main").dataset.side = side;
  for (const each of document.querySelectorAll(".sides button")) each.setAttribute("aria-pressed", String(each.dataset.side === side));
}

/** While one types “/in”: what there is that begins so. */
function hint() {
  const typed = find("typed").value;
  const fitting = /^\/\S*$/.test(typed) ? state.scene.verbs.filter((verb) => verb.usage.startsWith(typed)) : [];
  const take = (verb) => {
    find("typed").value = `${verb.usage.split(" ")[0]} `;
    hint();
    find("typed").focus();
  };
  find("hints").replaceChildren(...fitting.map((verb) => make("button", { type: "button", onclick: () => take(verb) }, make("code", {}, verb.usage), make("span", {}, verb.summary))));
  find("hints").hidden = fitting.length === 0;
}

/** Names the files that go with the next message. */
function wait() {
  const names = [...find("files").files].map((file) => file.name);
  find("waiting").textContent = `With your next message: ${names.join(", ")}`;
  find("waiting").hidden = !names.length;
}

function grow() {
  const field = find("typed");
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 160)}px`;
}

function listen() {
  const field = find("typed");
  find("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value;
    const chosen = [...find("files").files];
    field.value = "";
    find("files").value = "";
    wait();
    hint();
    grow();
    await say(text, chosen);
  });
  find("files").addEventListener("change", wait);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    find("composer").requestSubmit();
  });
  field.addEventListener("input", () => (hint(), grow()));
  find("person").addEventListener("change", (event) => become(event.target.value));
  for (const each of find("talk-tabs").children) each.addEventListener("click", () => turnTab(each.dataset.tab));
  for (const each of document.querySelectorAll(".sides button")) each.addEventListener("click", () => showSide(each.dataset.side));
}

start();
