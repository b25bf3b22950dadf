"""Words that may stand for each other, for rewriting a sentence without changing what it says."""

from __future__ import annotations

_GROUPS = """
    use employ utilise; uses employs utilises; used employed utilised; show demonstrate indicate
    shows demonstrates indicates; showed demonstrated indicated; start begin; starts begins; started began
    help assist aid; helps assists aids; helped assisted aided; buy purchase; bought purchased
    large big sizeable; larger bigger; largest biggest;  smaller lesser; important significant crucial
    many numerous; often frequently; usually normally typically; also
    however nevertheless; although though; approximately roughly
    need require; needs requires; needed required; get obtain receive; gets obtains receives
    give provide supply; gives provides supplies; gave provided supplied; given provided
    make create produce; makes creates produces; made created produced; build construct; built constructed
    change alter modify; changes alterations modifications; changed altered modified
    increased grew; decreased declined
    employees staff workers; company firm enterprise; people individuals; children kids
    city town; country nation; method approach technique; methods approaches techniques
    problem issue; problems issues; result outcome; results outcomes
    main principal primary; different distinct; similar alike comparable
    quickly rapidly fast; immediately promptly instantly; near close; whole entire
    select choose pick; selected chosen picked
    permit allow; permits allows; permitted allowed; must shall; ensure guarantee; ensures guarantees
    contain include; contains includes; contained included; check verify; checked verified
    send transmit; sends transmits; sent transmitted; keep retain; keeps retains; kept retained
    share disclose; shared disclosed; collect gather; collected gathered; error fault failure
    ended finished concluded; found discovered detected
    ; located situated
    famous renowned celebrated; old ancient; new recent; late final
    patients subjects; analysis examination; effect influence impact
    effects influences impacts; risk danger; treatment therapy; disease illness
    revenue income; customers clients; agreement contract; loan credit;
    directory folder; delete remove; deleted removed;
    website site; feature capability; features capabilities; guide manual
"""
_PAIRS = [group.split() for group in _GROUPS.replace("\n", ";").split(";") if group.strip()]
SYNONYMS: dict[str, tuple[str, ...]] = {}
for _group in (group for group in _PAIRS if len(group) > 1):
    for _word in _group:
        SYNONYMS.setdefault(_word, tuple(other for other in _group if other != _word))

PAST = {
    "written": "wrote", "made": "made", "built": "built", "given": "gave", "taken": "took", "found": "found",
    "led": "led", "held": "held", "sent": "sent", "won": "won", "begun": "began", "known": "knew",
    "driven": "drove", "chosen": "chose", "drawn": "drew", "shown": "showed", "seen": "saw", "set": "set",
    "sold": "sold", "bought": "bought", "brought": "brought", "told": "told", "paid": "paid", "kept": "kept",
}  # fmt: skip
"""The past tense of participles that do not end in `ed`."""

NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
