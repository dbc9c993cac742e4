"""The words by which mail programs and people set apart what is not new, in the languages of Britain and Europe."""

from typing import Final

# What a line begins with that introduces a quote.
BEGINS: Final = (
    "on ", "am ", "le ", "el ", "il ", "op ", "em ", "w dniu ", "den ", "dnia ", "dne ", "ar ", "a ", "pada ",
    "v ", "vào ", "på ", "fre", "man", "tir", "ons", "tor", "lør", "lör", "søn", "sön", "mån", "pe ", "на ", "от ",
    "в ", "ter ", "seg",
)  # fmt: skip

# What stands in such a line, of any language beside any other's beginning.
WROTE: Final = (
    "wrote", "schrieb", "a écrit", "escribió", "ha scritto", "scrisse", "schreef", "escreveu", "napisał", "skrev",
    "kirjoitti", "написал", "пишет", "napsal", "ysgrifennodd", "a scris", "írta", "yazdı", "写道", "寫道", "さんは",
    "έγραψε", "scríobh", "sgrìobh", "kirjutas", "rašė", "đã viết", "menulis", "scribis", "escrigué", "va escriure",
    "a icrit",
)  # fmt: skip

# What stands above a message that is quoted whole.
TITLES: Final = (
    "original message", "forwarded message", "forwarded by", "original appointment", "ursprüngliche nachricht",
    "originalnachricht", "weitergeleitete nachricht", "message d'origine", "message transféré", "message original",
    "mensaje original", "mensaje reenviado", "messaggio originale", "messaggio inoltrato",
    "oorspronkelijk bericht", "doorgestuurd bericht", "mensagem original", "mensagem encaminhada",
    "wiadomość oryginalna", "oryginalna wiadomość", "ursprungligt meddelande", "oprindelig meddelelse",
    "opprinnelig melding", "alkuperäinen viesti", "neges wreiddiol", "исходное сообщение",
    "пересылаемое сообщение", "reply message", "begin forwarded message", "původní zpráva",
)  # fmt: skip

# The first header in a block of another message's headers.
FROM: Final = frozenset((
    "da", "de", "feladó", "fra", "from", "från", "gan", "kimden", "lähettäjä", "od", "oddi wrth", "van", "von",
    "ó", "от",
))  # fmt: skip

# The others.
OTHER_HEADERS: Final = frozenset((
    "a", "aan", "aihe", "an", "anfonwyd", "assunto", "asunto", "at", "bcc", "betreff", "cc", "data", "date",
    "datum", "do", "dyddiad", "emne", "enviado", "envoyé", "envoyé le", "fecha", "gesendet", "gönderildi", "i",
    "importance", "inviato", "kime", "komu", "konu", "kopia", "kopie", "lähetetty", "objet", "odesláno", "oggetto",
    "onderwerp", "organization", "para", "pwnc", "předmět", "reply-to", "sendt", "sent", "sent at", "skickat",
    "subject", "sujet", "temat", "til", "till", "to", "vastaanottaja", "verzonden", "wysłano", "à", "ämne", "дата",
    "кому", "копия", "тема",
))  # fmt: skip

# What programs sign with.
DEVICES: Final = (
    "sent from my ", "sent from mail for windows", "get outlook for ", "sent from outlook", "von meinem ",
    "envoyé de mon ", "enviado desde mi ", "inviato da ", "verstuurd vanaf ", "skickat från min", "sendt fra min",
    "anfonwyd o fy ", "sent via ", "sent with ", "outlook for android", "outlook for ios", "sent from yahoo",
    "sent from proton",
)  # fmt: skip

# Alone in a line: what follows is a signature.
CLOSINGS: Final = frozenset((
    "all the best", "best", "best regards", "best wishes", "br", "cheers", "cofion", "cofion gorau", "diolch",
    "kind regards", "kind regards and thanks", "kr", "many thanks", "many thanks and best wishes", "regards",
    "sincerely", "thank you", "thanks", "thanks again", "thanks and kind regards", "thanks and regards",
    "thanks in advance", "warm regards", "with best wishes", "with kind regards", "with thanks", "yours",
    "yours faithfully", "yours sincerely",
))  # fmt: skip
