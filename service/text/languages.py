"""What is known of each language, by its ISO 639-1 code: one table, for all that reads text.

Words are in lower case. A language that a table lacks is read without it.
"""

from __future__ import annotations

STEMMERS = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish",
    "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
"""The Snowball stemmer of each language that has one."""

UNSPACED = frozenset({"zh", "ja", "ko", "th", "km", "lo", "my"})
"""Languages whose words are not set apart by spaces; their text is segmented."""

DECIMAL_COMMA = frozenset(
    {"de", "fr", "es", "it", "nl", "pt", "da", "sv", "no", "fi", "pl", "cs", "tr", "ru"}
)
"""Languages that write 2,5 and 1.000."""

_STOP_WORDS = {
    "en": """
        a an the this that these those it its itself he him his she her hers they them their theirs we
        us our ours you your yours i me my mine who whom whose which what when where why how and or but
        nor so if then than as of at by for with about against between into through during before after
        above below to from up down in out on off over under again further once here there all any both
        each few more most other some such only own same too very can will just should would could may
        might must shall do does did doing done be is are was were been being am have has had having get
        got also however because while until upon within per via s t d ll m re ve don not no never none
        without cannot neither please tell""",
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber wenn dann als wie was wer
        wo wann warum welche welcher welches ich du er sie es wir ihr sich mein dein sein ihre in im an
        am auf aus bei mit nach von vom zu zum zur für über unter vor durch um ist sind war waren wird
        werden wurde wurden hat haben hatte hatten kann können muss müssen soll nicht kein keine nie
        ohne auch nur noch so dass man diese dieser dieses""",
    "fr": """
        le la les l un une des du de d et ou mais si que qui quoi quel quelle quels quelles où quand
        comment pourquoi je tu il elle on nous vous ils elles se son sa ses leur leurs ce cet cette ces
        dans en sur sous par pour avec sans à au aux est sont était étaient être été a ont avait avoir
        ne pas plus jamais aussi y s n c j m t qu""",
    "es": """
        el la los las un una unos unas de del y o pero si que quien qué quién cuál cuáles cuándo cuánto
        dónde cómo por para con sin sobre en a al es son era eran ser fue fueron está están ha han había
        haber no ni nunca también se su sus lo le les este esta estos estas ese esa eso yo tú él ella
        nosotros ellos""",
    "it": """
        il lo la i gli le l un uno una di del della dei delle da dal dalla in nel nella con su per tra
        fra e o ma se che chi cosa quale quali quando quanto dove come perché è sono era erano essere
        stato ha hanno aveva avere non né mai anche si suo sua suoi questo questa questi io tu lui lei
        noi voi loro a al alla""",
    "nl": """
        de het een en of maar als dat die dit wat wie waar wanneer waarom hoe welke ik je jij hij zij ze
        we wij u hun zijn haar in op aan van voor met bij naar uit over onder door om te is was waren
        wordt worden werd heeft hebben had kan kunnen moet moeten niet geen nooit ook nog er""",
    "pt": """
        o a os as um uma uns umas de do da dos das e ou mas se que quem qual quais quando quanto onde
        como por para com sem sobre em no na nos nas ao à é são era eram ser foi foram está estão tem
        têm tinha não nem nunca também se seu sua seus este esta esse essa isto eu tu ele ela nós eles""",
}
STOP_WORDS = {language: frozenset(words.split()) for language, words in _STOP_WORDS.items()}
"""Function words only: a word that can carry a fact ("amount", "area") must count."""

_NEGATIONS = """
    not no never none neither nor cannot without nicht kein keine keinen keinem keiner keines nie
    niemals ohne pas jamais aucun aucune sans nunca sin ningún ninguna ni non mai senza nessun nessuna
    niet geen nooit zonder não sem nenhum nenhuma"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""Of all languages together: none of them affirms in another."""

_MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
MONTHS = {language: tuple(names.split()) for language, names in _MONTHS.items()}
"""From January."""
MONTHS_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""As English writes them, and most others too."""

_NUMBERS = {
    "en": "zero . two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty",
    "de": "null . zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "zéro . deux trois quatre cinq . sept huit neuf dix onze douze",
    "es": "cero . dos tres cuatro cinco seis siete ocho nueve diez . doce",
}
_TENS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
NUMBERS = {
    word: value for names in _NUMBERS.values() for value, word in enumerate(names.split()) if word != "."
} | _TENS
"""Numbers in words, of all languages together. "One" is left out, for it is an article too, and so is what
means another number or something else in another language."""
