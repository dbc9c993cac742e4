// Slack's mrkdwn as elements. Whatever it is given ends as text nodes in a fixed set of elements.

import { make } from "./page.js";

const INLINE = /`([^`\n]+)`|<([^<>\n]+)>|\*([^*\n]+)\*|_([^_\n]+)_|~([^~\n]+)~|:([a-z0-9_+-]+):/g;
const TAGS = ["strong", "em", "del"];
const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", tada: "🎉", email: "📧", envelope: "✉️",
  incoming_envelope: "📨", hourglass: "⌛", hourglass_flowing_sand: "⏳", mag: "🔍", wave: "👋", bulb: "💡",
  information_source: "ℹ️", no_entry: "⛔", eyes: "👀", mortar_board: "🎓", calendar: "📅", bar_chart: "📊",
  bell: "🔔", thumbsup: "👍", "+1": "👍", sparkles: "✨", link: "🔗", clock: "🕐", arrow_right: "➡️",
};

/** `names`: user id -> name. */
export function markup(text, names = {}) {
  return text.split("```").map((part, place) => (place % 2 ? make("pre", {}, plain(part.trim())) : lines(part, names))).flat();
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

/** A text object: plain_text or mrkdwn. */
export function words(text, names) {
  if (!text) return [];
  if (text.type === "mrkdwn") return markup(text.text, names);
  return [text.emoji === false ? text.text : withEmoji(text.text)];
}

export function image(part) {
  return make("img", { src: part.image_url ?? "", alt: part.alt_text ?? "", loading: "lazy" });
}

function lines(text, names) {
  const nodes = [];
  let quote = null;
  for (const line of text.split("\n")) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (quote) quote.append(make("br"));
      else nodes.push((quote = make("blockquote")));
      quote.append(...inline(quoted[1], names));
    } else {
      if (nodes.length && !quote) nodes.push(make("br"));
      nodes.push(...inline(line, names));
      quote = null;
    }
  }
  return nodes;
}

function inline(text, names) {
  const nodes = [];
  let start = 0;
  for (const match of text.matchAll(INLINE)) {
    const node = styled(match, text, names);
    if (node === null) continue;
    nodes.push(plain(text.slice(start, match.index)), node);
    start = match.index + match[0].length;
  }
  nodes.push(plain(text.slice(start)));
  return nodes.filter((node) => node !== "");
}

/** null: no markup here after all. */
function styled(match, text, names) {
  const [whole, code, angled, ...rest] = match;
  if (code !== undefined) return make("code", { class: code.length < 36 ? "short" : null }, plain(code));
  if (angled !== undefined) return angle(angled, names);
  const emoji = rest[3];
  if (emoji !== undefined) return EMOJI[emoji] ?? null;
  const inWord = (character) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
  if (inWord(text[match.index - 1]) || inWord(text[match.index + whole.length])) return null;
  const kind = rest.findIndex((found) => found !== undefined);
  return make(TAGS[kind], {}, ...inline(rest[kind], names));
}

function angle(inside, names) {
  const [target, label] = inside.split("|");
  if (target.startsWith("@")) return make("span", { class: "mention" }, `@${names[target.slice(1)] ?? label ?? target.slice(1)}`);
  if (target.startsWith("#")) return make("span", { class: "mention" }, `#${label ?? target.slice(1)}`);
  if (target.startsWith("!date^")) return make("time", {}, date(target, plain(label ?? "")));
  if (target.startsWith("!")) return make("span", { class: "mention" }, `@${target.slice(1)}`);
  if (!/^(https?:|mailto:)/.test(target)) return plain(`<${inside}>`);
  return make("a", { href: plain(target), target: "_blank", rel: "noopener" }, plain(label ?? target.replace("mailto:", "")));
}

function date(target, fallback) {
  const [, seconds, format] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(at.getTime())) return fallback;
  return format.replace(/\{(\w+)\}/g, (whole, token) => (token in FORMATS ? FORMATS[token](at) : whole));
}

const day = (options) => (at) => at.toLocaleDateString([], options);
const pretty = (otherwise) => (at) => {
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? otherwise(at);
};
const short = day({ month: "short", day: "numeric", year: "numeric" });
const medium = day({ month: "long", day: "numeric", year: "numeric" });
const long = day({ weekday: "long", month: "long", day: "numeric", year: "numeric" });
const FORMATS = {
  date: medium, date_num: day({ year: "numeric", month: "2-digit", day: "2-digit" }), date_short: short, date_long: long,
  date_pretty: pretty(medium), date_short_pretty: pretty(short), date_long_pretty: pretty(long),
  time: (at) => at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }),
  time_secs: (at) => at.toLocaleTimeString(),
};

function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}
