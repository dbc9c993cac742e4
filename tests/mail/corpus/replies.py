"""Answers, forwards and signatures of many programs and languages: of each only the new words may stay."""

from collections.abc import Iterator
from functools import partial

from tests.mail.corpus.case import Case, html, plain, reads

INTRODUCTIONS = (
    "On Mon, 1 Jan 2026 at 10:00, Usher <usher@example.com> wrote:",
    "On 1 Jan 2026, at 10:00, Usher <usher@example.com> wrote:",
    "On 01/01/2026 10:00, Usher wrote:",
    "On Mon, 1 Jan 2026 at 10:00, Usher\n<usher@example.com> wrote:",
    "On Mon, 1 Jan 2026 at 10:00,\nUsher <usher@example.com>\nwrote:",
    "On Thursday, January 1st, 2026 at 10:00 AM, Usher <usher@example.com> wrote:",
    "Usher <usher@example.com> wrote on 1 Jan 2026:",
    "1 Jan 2026 kl. 10.00 skrev Usher <usher@example.com>:",
    "Am 01.01.2026 um 10:00 schrieb Usher <usher@example.com>:",
    "Am Mo., 1. Jan. 2026 um 10:00 Uhr schrieb Usher <\nusher@example.com>:",
    "Le lun. 1 janv. 2026 à 10:00, Usher <usher@example.com> a écrit :",
    "Le 01/01/2026 à 10:00, Usher a écrit\xa0:",
    "El lun, 1 ene 2026 a las 10:00, Usher (<usher@example.com>) escribió:",
    "Il giorno lun 1 gen 2026 alle ore 10:00 Usher <usher@example.com> ha scritto:",
    "Op ma 1 jan 2026 om 10:00 schreef Usher <usher@example.com>:",
    "Em seg., 1 de jan. de 2026 às 10:00, Usher <usher@example.com> escreveu:",
    "W dniu 1.01.2026 o 10:00, Usher pisze:",
    "pon., 1 sty 2026 o 10:00 Usher <usher@example.com> napisał(a):",
    "Den mån 1 jan. 2026 kl 10:00 skrev Usher <usher@example.com>:",
    "Den man. 1. jan. 2026 kl. 10.00 skrev Usher <usher@example.com>:",
    "ma 1. tammik. 2026 klo 10.00 Usher (usher@example.com) kirjoitti:",
    "Ar Llun, 1 Ion 2026 am 10:00, ysgrifennodd Usher <usher@example.com>:",
    "пн, 1 янв. 2026 г. в 10:00, Usher <usher@example.com> написал(а):",
    "po 1. 1. 2026 v 10:00 odesílatel Usher <usher@example.com> napsal:",
    "Usher <usher@example.com>, 1 Oca 2026 Pzt, 10:00 tarihinde şunu yazdı:",
    "2026年1月1日(月) 10:00 Usher <usher@example.com> さんは書きました:",
    "Usher <usher@example.com> 于2026年1月1日周一 10:00写道：",
    "Στις Δευ 1 Ιαν 2026 στις 10:00 ο χρήστης Usher <usher@example.com> έγραψε:",
    "Vào Th 2, 1 thg 1, 2026 lúc 10:00 Usher <usher@example.com> đã viết:",
)

BLOCKS = (
    "From: Usher <usher@example.com>\nSent: 01 January 2026 10:00\nTo: Bo <bo@example.org>\nSubject: Re: x",
    "*From:* Usher <usher@example.com>\n*Sent:* 01 January 2026 10:00\n*To:* Bo\n*Subject:* Re: x",
    "________________________________\nFrom: Usher\nSent: 01 January 2026 10:00\nTo: Bo\nSubject: x",
    "________________________________\n\nFrom: Usher\nSent: 01 January 2026 10:00\nTo: Bo\nSubject: x",
    "-----Original Message-----\nFrom: Usher\nSent: 1 January\nTo: Bo\nSubject: x",
    "----- Original Message -----\nFrom: Usher\nTo: Bo",
    "-------- Original message --------\nFrom: Usher\nDate: 01/01/2026",
    "-------- Ursprüngliche Nachricht --------\nVon: Usher",
    "Von: Usher <usher@example.com>\nGesendet: Montag, 1. Januar 2026 10:00\nAn: Bo\nBetreff: x",
    "De : Usher <usher@example.com>\nEnvoyé : lundi 1 janvier 2026\nÀ : Bo\nObjet : x",
    "De: Usher <usher@example.com>\nEnviado: lunes, 1 de enero de 2026\nPara: Bo\nAsunto: x",
    "Da: Usher <usher@example.com>\nInviato: lunedì 1 gennaio 2026\nA: Bo\nOggetto: x",
    "Van: Usher <usher@example.com>\nVerzonden: maandag 1 januari 2026\nAan: Bo\nOnderwerp: x",
    "Från: Usher <usher@example.com>\nSkickat: den 1 januari 2026\nTill: Bo\nÄmne: x",
    "Fra: Usher <usher@example.com>\nSendt: 1. januar 2026\nTil: Bo\nEmne: x",
    "Od: Usher <usher@example.com>\nWysłano: poniedziałek\nDo: Bo\nTemat: x",
    "Oddi wrth: Usher <usher@example.com>\nAnfonwyd: 1 Ionawr 2026\nAt: Bo\nPwnc: x",
    "От: Usher <usher@example.com>\nДата: 1 января 2026\nКому: Bo\nТема: x",
    "From: Usher <usher@example.com>\nDate: Monday, 1 January 2026 at 10:00\nTo: Bo\nSubject: x",
)

FORWARDS = (
    "---------- Forwarded message ---------\nFrom: Ann\nDate: 1 Jan\nSubject: x\nTo: Bo",
    "Begin forwarded message:\n\nFrom: Ann\nSubject: x\nDate: 1 January",
    "-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Ann",
    "---------- Message transféré ---------\nDe : Ann",
    "---------------------- Forwarded by Ann/School on 01/01/2026 ---------------------------",
)

SIGNATURES = (
    "-- \nBo\nHead of Maths\nbo@example.org",
    "--\nBo\nbo@example.org",
    "Kind regards,\n\nBo\nbo@example.org",
    "Regards\nBo",
    "Many thanks\n\nBo B\nHead of Maths | The School | 01632 960000 | www.example.org",
    "Best wishes,\nBo",
    "Thanks!\nBo",
    "Diolch\nBo",
    "Cofion gorau,\nBo",
    "Sent from my iPhone",
    "Get Outlook for iOS",
    "Sent from Mail for Windows",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Sent from Outlook for Android",
)

NEW = "invite maths-2026-03\nlearner1@example.org"
OLD = "What I did: undo B-0001\nold@example.org"

# What is no quote, and must stay.
KEPT = (
    "invite maths-2026-03\na@example.org\nThanks\nb@example.org\nc@example.org\nd@example.org",
    "On Monday Bo wrote:\nlearner1@example.org",
    "From: maths\nlearner1@example.org",
    "a\n\n---\n\nb",
    "Thanks",
    "Regards\nBo",
    "--\ninvite maths",
    "a -> b",
    "To: everybody\nSubject: to change",
    "invite maths\n\n________________\n\nlearner1@example.org",
    "Original message below",
    "links\n* one\n* two",
)


def replies() -> Iterator[Case]:
    marked = "\n".join(f"> {line}" for line in OLD.split("\n"))
    for introduction in INTRODUCTIONS:
        is_bare = " pisze:" in introduction
        yield reply(
            f"marked quote, {introduction}", f"{NEW}\n\n{introduction}\n{marked}", introduction if is_bare else ""
        )
        yield reply(
            f"below the marked quote, {introduction}", f"{introduction}\n{marked}\n\n{NEW}", "" if not is_bare else "x"
        )
        if not is_bare:
            yield reply(f"quote without marks, {introduction}", f"{NEW}\n\n{introduction}\n\n{OLD}")
    for block in BLOCKS:
        yield reply(f"block, {block}", f"{NEW}\n\n{block}\n\n{OLD}")
        yield reply(f"block in CRLF, {block}", f"{NEW}\n\n{block}\n\n{OLD}".replace("\n", "\r\n"))
    for forward in FORWARDS:
        text = f"{NEW}\n\n{forward}\n\n{OLD}"
        yield Case(f"forward, {forward}", partial(plain, text.encode()), reads(text=NEW))
    for signature in SIGNATURES:
        yield reply(f"signature, {signature}", f"{NEW}\n\n{signature}\n", has_quote=False)
        yield reply(f"signature and quote, {signature}", f"{NEW}\n\n{signature}\n\n{INTRODUCTIONS[0]}\n{marked}")
    for text in KEPT:
        yield Case(f"no quote, {text}", partial(plain, text.encode()), reads(text=text, has_quote=False))
    for name, (markup, new) in PROGRAMS.items():
        yield Case(f"an answer of {name}", partial(html, markup), reads(text=new, has_quote=True))
    yield from others(marked)


# As the programs write them, shortened.
PROGRAMS = {
    "Gmail": (
        '<div dir="ltr">yes B-0041<div><br></div><div>-- <br><div class="gmail_signature">Bo</div></div></div><br>'
        '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, Jan 5, 2026 at 10:00 AM Usher &lt;<a '
        'href="mailto:u@e.example">u@e.example</a>&gt; wrote:<br></div><blockquote>old</blockquote></div>',
        "yes B-0041",
    ),
    "Gmail, forwarding": (
        '<div dir="ltr">invite maths</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- '
        "Forwarded message ---------<br>From: <b>A</b> &lt;a@b.c&gt;<br>Date: Mon<br>To: Bo<br></div>old</div>",
        "invite maths",
    ),
    "Outlook": (
        "<div class=WordSection1><p class=MsoNormal>undo<o:p></o:p></p><p><o:p>&nbsp;</o:p></p><div "
        "style='border:none;border-top:solid #E1E1E1'><p class=MsoNormal><b><span>From:</span></b><span> Usher <br>"
        "<b>Sent:</b> 05 January 2026 10:00<br><b>To:</b> Bo<br><b>Subject:</b> Re: x<o:p></o:p></span></p></div>"
        "<p class=MsoNormal>old</p></div>",
        "undo",
    ),
    "Outlook on the web": (
        '<div>stop</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Kimden:</b> x</div><div>old</div>',
        "stop",
    ),
    "Apple Mail": (
        'resend<br><div><br><blockquote type="cite"><div>On 5 Jan 2026 at 10:00, Usher &lt;u@e.example&gt; wrote:</div>'
        "<br><div>old</div></blockquote></div>",
        "resend",
    ),
}


def reply(name: str, text: str, left: str = "", *, has_quote: bool = True) -> Case:
    """``left``: a line that introduces in words we do not know; the marked lines go all the same."""
    expected = reads(has_quote=True) if left else reads(text=NEW, has_quote=has_quote)
    return Case(name, partial(plain, text.encode()), expected)


def others(marked: str) -> Iterator[Case]:
    for name, text, new in (
        ("only a quote", marked, ""),
        ("an answer between quotes", f"> one\nyes B-0001\n> two\nno\n{marked}", "yes B-0001\nno"),
        ("quotes of quotes", f"yes\n\n>> a\n> > b\n>>> c\n{marked}", "yes"),
        ("a word above", f"undo\n{INTRODUCTIONS[0]}\n\n{marked}", "undo"),
        ("PGP in the text", f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nundo\n- -- \nx\n{PGP}", "undo"),
        ("PGP without its end", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nundo", "undo"),
        ("PGP without a text", "-----BEGIN PGP SIGNED MESSAGE-----", ""),
    ):
        yield Case(name, partial(plain, text.encode()), reads(text=new))


PGP = "-----BEGIN PGP SIGNATURE-----\n\naaaa\n-----END PGP SIGNATURE-----\n"
