"""What the demo library holds: invented titles, each with its colours, words and people."""

from dataclasses import dataclass, field

from demo.pages import Look
from demo.painting import Palette

Names = dict[str, str]  # by language


@dataclass(frozen=True)
class DemoTitle:
    """One title; `looks` draw its cover and pages, `says` are the words in its balloons."""

    name: str
    kind: str
    names: Names
    synopsis: Names
    look: Look
    cover_scene: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    people: tuple[tuple[str, str], ...]  # (role, name)
    year: int
    original_language: str
    status: str = "ongoing"
    rating: str = "safe"
    original_name: str = ""
    direction: str = ""
    popularity: int = 0
    duration_minutes: int | None = None
    length: int | None = None
    says: dict[str, tuple[str, ...]] = field(default_factory=dict)


CATEGORIES: dict[str, Names] = {
    "adventure": {"en": "Adventure", "ky": "Укмуштуу окуялар", "ru": "Приключения"},
    "comedy": {"en": "Comedy", "ky": "Комедия", "ru": "Комедия"},
    "drama": {"en": "Drama", "ky": "Драма", "ru": "Драма"},
    "fantasy": {"en": "Fantasy", "ky": "Фэнтези", "ru": "Фэнтези"},
    "historical": {"en": "Historical", "ky": "Тарыхый", "ru": "Историческое"},
    "horror": {"en": "Horror", "ky": "Коркунучтуу", "ru": "Ужасы"},
    "mystery": {"en": "Mystery", "ky": "Сырдуу окуя", "ru": "Детектив"},
    "slice-of-life": {"en": "Slice of life", "ky": "Күнүмдүк турмуш", "ru": "Повседневность"},
}
TAGS: dict[str, Names] = {
    "animals": {"en": "Animals", "ky": "Жаныбарлар", "ru": "Животные"},
    "epic": {"en": "Epic", "ky": "Эпос", "ru": "Эпос"},
    "family": {"en": "Family", "ky": "Үй-бүлө", "ru": "Семья"},
    "folk-tale": {"en": "Folk tale", "ky": "Эл жомогу", "ru": "Народная сказка"},
    "full-colour": {"en": "Full colour", "ky": "Толук түстүү", "ru": "В цвете"},
    "mountains": {"en": "Mountains", "ky": "Тоолор", "ru": "Горы"},
    "spirits": {"en": "Spirits", "ky": "Арбактар", "ru": "Духи"},
    "travel": {"en": "Travel", "ky": "Саякат", "ru": "Путешествие"},
}
PEOPLE: dict[str, Names] = {
    "Aibek Toktogulov": {"ky": "Айбек Токтогулов", "ru": "Айбек Токтогулов"},
    "Nurzat Asanova": {"ky": "Нурзат Асанова", "ru": "Нурзат Асанова"},
    "Haru Mizuno": {"ja": "水野はる", "ru": "Хару Мидзуно"},
    "Seo Da-in": {"ko": "서다인", "ru": "Со Даин"},
    "Lin Yue": {"zh": "林月", "ru": "Линь Юэ"},
    "Kanat Sadykov": {"ky": "Канат Садыков", "ru": "Канат Садыков"},
}

_HIGHLAND = Palette("#4b7fb5", "#f6d9a8", "#fff3c9", "#6f8fb0", "#3f6a57", "#8fae5a", "#b3261e")
_DUSK = Palette("#2d3a66", "#e58b6b", "#ffd9a0", "#7a5a7d", "#4a3b57", "#a9834f", "#1f6f78")
_FROST = Palette("#6fa3c8", "#e8f1f5", "#ffffff", "#8aa6bd", "#4e6f8a", "#d3e0e6", "#31527a")
_SAND = Palette("#d98e5f", "#f8e3b4", "#fff6d8", "#c58f5c", "#b0763f", "#e0b878", "#8c2f39")
_SPRING = Palette("#7cc3d8", "#fdf1c7", "#fffbe6", "#7fb59a", "#5b9a5f", "#a9cc62", "#d9772b")
_NIGHT = Palette("#1f2440", "#6b4a6e", "#f2d7a0", "#3a3558", "#2a2842", "#3d3f45", "#9c2b3b")
_UNDERWORLD = Palette("#3b2a4a", "#c2563f", "#ffcf70", "#6a3f52", "#4a2d3e", "#7a5040", "#e0a030")

TITLES: tuple[DemoTitle, ...] = (
    DemoTitle(
        name="Manas: The Boy from Talas",
        kind="manga",
        names={"ky": "Манас: Таластын баласы", "ru": "Манас: мальчик из Таласа"},
        original_name="Манас: Таластын баласы",
        synopsis={
            "en": "Before he was a hero, Manas was a stubborn boy who tended lambs in the Talas "
            "valley. The old epic, retold from the years that the singers pass over "
            "quickly.",
            "ky": "Баатыр боло электе Манас Талас өрөөнүндө козу баккан өжөр бала болгон. "
            "Байыркы эпос манасчылар аз айткан жылдардан тартып кайра баяндалат.",
            "ru": "Прежде чем стать героем, Манас был упрямым мальчишкой и пас ягнят в долине "
            "Таласа. Древний эпос, рассказанный с тех лет, о которых сказители говорят "
            "мало.",
        },
        look=Look(
            _HIGHLAND,
            (
                "pass",
                "portrait:boy-calm",
                "camp",
                "ride",
                "burst:boy-shocked",
                "portrait:elder-calm",
                "night",
                "flight",
                "portrait:boy-glad",
                "burst:boy-angry",
            ),
            is_grey=True,
            is_right_to_left=True,
        ),
        cover_scene="ride",
        categories=("adventure", "historical"),
        tags=("epic", "mountains", "folk-tale"),
        people=(("author", "Aibek Toktogulov"), ("artist", "Aibek Toktogulov")),
        year=2021,
        original_language="ky",
        popularity=930,
        says={
            "en": (
                "The singers begin with the battles.",
                "But first there were the lambs.",
                "Who left the gate open?",
                "Ride home before the snow.",
                "I am not afraid of you!",
                "Grandfather, tell it again.",
            ),
            "ky": (
                "Манасчылар согуштан баштайт.",
                "Бирок алгач козулар болгон.",
                "Короону ким ачык калтырды?",
                "Кар жаай электе үйгө кайт.",
                "Мен сенден коркпойм!",
                "Чоң ата, дагы айтып берчи.",
            ),
        },
    ),
    DemoTitle(
        name="The Snow Leopard's Apprentice",
        kind="manhwa",
        names={"ky": "Илбирстин шакирти", "ru": "Ученица снежного барса", "ko": "눈표범의 제자"},
        original_name="눈표범의 제자",
        synopsis={
            "en": "Lost in a blizzard above the pass, Seul-gi is found by an old snow leopard "
            "who can speak. It takes her as its apprentice, and the mountains begin to "
            "teach her.",
            "ky": "Ашууда бороондо адашып калган Сылги сүйлөй билген кары илбирске жолугат. "
            "Илбирс аны шакирт кылып алат, тоолор болсо ага сабак бере баштайт.",
            "ru": "Заблудившись в метель у перевала, Сыльги встречает старого снежного барса, "
            "который умеет говорить. Он берёт её в ученицы, и горы начинают её учить.",
        },
        look=Look(
            _FROST,
            (
                "pass",
                "portrait:girl-calm",
                "leopard",
                "burst:girl-shocked",
                "flight",
                "camp",
                "portrait:girl-glad",
                "night",
            ),
        ),
        cover_scene="leopard",
        categories=("adventure", "fantasy"),
        tags=("animals", "mountains", "full-colour"),
        people=(("author", "Seo Da-in"), ("artist", "Nurzat Asanova")),
        year=2023,
        original_language="ko",
        popularity=1240,
        says={
            "en": (
                "The pass is closed.",
                "Then I will go around.",
                "Stop there, little one.",
                "You can speak!",
                "I can. Few listen.",
                "Follow my steps, not my tail.",
            ),
            "ru": (
                "Перевал закрыт.",
                "Тогда я пойду в обход.",
                "Стой, малышка.",
                "Ты умеешь говорить!",
                "Умею. Мало кто слушает.",
                "Иди по моим следам, а не за хвостом.",
            ),
        },
    ),
    DemoTitle(
        name="The Bell of Issyk-Kul",
        kind="comic",
        names={"ky": "Ысык-Көлдүн коңгуроосу", "ru": "Колокол Иссык-Куля"},
        original_name="Ысык-Көлдүн коңгуроосу",
        synopsis={
            "en": "A diver brings up a bronze bell from a town that sank eight hundred years "
            "ago. At night it rings by itself, and somebody in the village answers.",
            "ky": "Суучул сегиз жүз жыл мурун суу алдында калган шаардан коло коңгуроо алып "
            "чыгат. Түнкүсүн коңгуроо өзүнөн-өзү кагылат, айылда болсо кимдир бирөө ага "
            "жооп берет.",
            "ru": "Водолаз поднимает бронзовый колокол из города, который затонул восемьсот лет "
            "назад. По ночам он звонит сам, и кто-то в деревне ему отвечает.",
        },
        look=Look(
            _DUSK,
            (
                "lake",
                "portrait:girl-calm",
                "ruin",
                "burst:girl-angry",
                "night",
                "portrait:elder-calm",
                "lake",
                "portrait:boy-shocked",
            ),
        ),
        cover_scene="lake",
        categories=("mystery", "drama"),
        tags=("spirits", "full-colour"),
        people=(("author", "Nurzat Asanova"), ("artist", "Kanat Sadykov")),
        year=2019,
        original_language="ky",
        status="completed",
        popularity=610,
        says={
            "en": (
                "It rang again last night.",
                "Nobody has touched it.",
                "There is something under the lake!",
                "And somebody answered.",
                "Do not go out alone.",
                "Listen...",
            ),
            "ky": (
                "Коңгуроо түнү бою өзү кагылды.",
                "Ага эч ким тийген жок.",
                "Көлдүн түбүндө бир нерсе бар!",
                "Кимдир бирөө жооп берди.",
                "Жалгыз чыкпа.",
                "Угуп көр...",
            ),
        },
    ),
    DemoTitle(
        name="Caravan to Osh",
        kind="manhua",
        names={"ky": "Ошко бараткан кербен", "ru": "Караван в Ош", "zh": "奥什商队"},
        original_name="奥什商队",
        direction="ltr",
        synopsis={
            "en": "Two rival families, one caravan, and four hundred kilometres of sand and "
            "snow between Kashgar and Osh.",
            "ky": "Атаандаш эки үй-бүлө, бир кербен жана Кашкар менен Оштун ортосундагы төрт "
            "жүз чакырым кум менен кар.",
            "ru": "Две семьи-соперницы, один караван и четыреста километров песка и снега между "
            "Кашгаром и Ошем.",
        },
        look=Look(
            _SAND,
            (
                "caravan",
                "portrait:boy-glad",
                "ruin",
                "portrait:girl-angry",
                "pass",
                "burst:boy-angry",
                "portrait:elder-calm",
                "night",
            ),
        ),
        cover_scene="caravan",
        categories=("historical", "adventure"),
        tags=("travel", "family", "full-colour"),
        people=(("author", "Lin Yue"), ("artist", "Lin Yue")),
        year=2022,
        original_language="zh",
        popularity=455,
        says={
            "en": (
                "Eleven camels. I counted twelve.",
                "Then count again.",
                "The well is dry.",
                "We share, or we turn back.",
                "My father would never share.",
                "Your father is not here.",
            ),
        },
    ),
    DemoTitle(
        name="One Steppe",
        kind="manga",
        names={"ja": "ワン・ステップ", "ru": "Ван Степ", "ky": "Жалгыз талаа"},
        original_name="ワン・ステップ",
        synopsis={
            "en": "A boy with a borrowed horse wants to ride to the edge of the steppe, where, "
            "they say, the last great treasure is buried. Everybody he meets wants to "
            "come along.",
            "ky": "Бирөөнүн атын минген бала талаанын четине жеткиси келет: ал жерде акыркы "
            "улуу кенч көмүлгөн дешет. Жолунан чыккандардын баары аны менен кошо барууну "
            "каалайт.",
            "ru": "Мальчик на чужом коне хочет доскакать до края степи, где, говорят, зарыт "
            "последний великий клад. Каждый, кого он встречает, хочет ехать с ним.",
        },
        look=Look(
            _SPRING,
            (
                "ride",
                "portrait:boy-glad",
                "burst:boy-glad",
                "camp",
                "portrait:girl-glad",
                "flight",
                "pass",
                "burst:girl-shocked",
            ),
            is_grey=True,
            is_right_to_left=True,
        ),
        cover_scene="burst:boy-glad",
        categories=("adventure", "comedy"),
        tags=("travel",),
        people=(("author", "Haru Mizuno"), ("artist", "Haru Mizuno")),
        year=2018,
        original_language="ja",
        popularity=2150,
        says={
            "en": (
                "To the edge of the steppe!",
                "That is not your horse.",
                "I said borrowed.",
                "Is there room for one more?",
                "There is always room.",
                "And dinner?",
            ),
            "ru": (
                "К самому краю степи!",
                "Это не твой конь.",
                "Я же сказал: взял на время.",
                "Ещё одно место найдётся?",
                "Место всегда найдётся.",
                "А ужин?",
            ),
        },
    ),
    DemoTitle(
        name="Yurt No. 7",
        kind="comic",
        names={"ky": "Жетинчи боз үй", "ru": "Юрта № 7"},
        original_name="Жетинчи боз үй",
        synopsis={
            "en": "Grandmother rents her yurt to tourists. Short, mild comedies about people "
            "who do not know how to sit on the floor.",
            "ky": "Чоң эне боз үйүн туристтерге ижарага берет. Жерде отурганды билбеген адамдар "
            "тууралуу кыска, жылуу күлкүлүү окуялар.",
            "ru": "Бабушка сдаёт свою юрту туристам. Короткие добрые истории о людях, которые "
            "не умеют сидеть на полу.",
        },
        look=Look(
            _SPRING,
            (
                "camp",
                "portrait:elder-calm",
                "portrait:girl-glad",
                "burst:boy-shocked",
                "camp",
                "night",
            ),
        ),
        cover_scene="camp",
        categories=("comedy", "slice-of-life"),
        tags=("family",),
        people=(("author", "Nurzat Asanova"), ("artist", "Nurzat Asanova")),
        year=2024,
        original_language="ky",
        popularity=320,
        says={
            "en": (
                "Where is the door handle?",
                "You lift the felt.",
                "And the chair?",
                "You are standing on it.",
                "More tea?",
                "This is my ninth cup.",
            ),
        },
    ),
    DemoTitle(
        name="Seven Nights of Albarsty",
        kind="manga",
        names={"ky": "Албарстынын жети түнү", "ru": "Семь ночей албарсты"},
        original_name="Албарстынын жети түнү",
        synopsis={
            "en": "For seven nights a midwife must keep the yellow-haired demon from the door. "
            "Each night it comes in a different voice.",
            "ky": "Жети түн бою киндик эне сары чачтуу албарстыны босогодон киргизбеши керек. "
            "Ал ар түнү башка үн менен келет.",
            "ru": "Семь ночей повитуха не должна пускать на порог желтоволосую албарсты. Каждую "
            "ночь та приходит с новым голосом.",
        },
        look=Look(
            _NIGHT,
            (
                "night",
                "portrait:girl-calm",
                "burst:girl-shocked",
                "night",
                "portrait:elder-calm",
                "flight",
            ),
            is_grey=True,
            is_right_to_left=True,
        ),
        cover_scene="night",
        categories=("horror", "drama"),
        tags=("spirits", "folk-tale"),
        people=(("author", "Aibek Toktogulov"), ("artist", "Kanat Sadykov")),
        year=2020,
        original_language="ky",
        status="hiatus",
        rating="suggestive",
        popularity=540,
        says={
            "en": (
                "Open. It is your sister.",
                "My sister is dead.",
                "Then open to the dead.",
                "Keep the fire up.",
                "Do not answer it.",
                "One night.",
            ),
        },
    ),
    DemoTitle(
        name="Er Toshtuk Below the Earth",
        kind="comic",
        names={"ky": "Эр Төштүк жер астында", "ru": "Эр-Тёштюк под землёй"},
        original_name="Эр Төштүк жер астында",
        synopsis={
            "en": "Er Toshtuk falls under the earth and has to find the way home with a giant "
            "eagle, a tireless ant and a pot with forty ears.",
            "ky": "Эр Төштүк жер астына түшүп кетип, алп кара куш, чарчабас кумурска жана кырк "
            "кулак казан менен үйүнө жол издейт.",
            "ru": "Эр-Тёштюк проваливается под землю и ищет дорогу домой с огромной птицей, "
            "неутомимым муравьём и сорокаухим котлом.",
        },
        look=Look(
            _UNDERWORLD,
            (
                "flight",
                "portrait:boy-calm",
                "ruin",
                "burst:boy-angry",
                "pass",
                "portrait:elder-calm",
                "ride",
            ),
        ),
        cover_scene="flight",
        categories=("fantasy", "adventure"),
        tags=("epic", "folk-tale", "full-colour"),
        people=(("author", "Kanat Sadykov"), ("artist", "Kanat Sadykov")),
        year=2017,
        original_language="ky",
        status="completed",
        popularity=280,
        says={
            "en": (
                "Seven years without the sun.",
                "Feed me, and I will carry you.",
                "I have nothing left.",
                "Then hold on tight.",
                "I can see the sky!",
                "Do not look down.",
            ),
        },
    ),
    DemoTitle(
        name="Wings over Ala-Too",
        kind="anime",
        names={
            "ky": "Ала-Тоонун үстүндөгү канат",
            "ru": "Крылья над Ала-Тоо",
            "ja": "アラトーの翼",
        },
        original_name="アラトーの翼",
        synopsis={
            "en": "A young aviator carries the post to the summer pastures in an aeroplane "
            "older than she is.",
            "ky": "Жаш учкуч кыз өзүнөн улуу учак менен жайлоолорго кат-кабар ташыйт.",
            "ru": "Юная лётчица развозит почту по летним пастбищам на самолёте, который старше "
            "её самой.",
        },
        look=Look(_SPRING, ("flight",)),
        cover_scene="portrait:girl-glad",
        categories=("slice-of-life", "adventure"),
        tags=("mountains", "travel"),
        people=(("director", "Haru Mizuno"), ("writer", "Nurzat Asanova")),
        year=2022,
        original_language="ja",
        status="completed",
        popularity=770,
        length=12,
        duration_minutes=24,
    ),
    DemoTitle(
        name="The Last Eagle Hunter",
        kind="movie",
        names={"ky": "Акыркы мүнүшкөр", "ru": "Последний беркутчи"},
        original_name="Акыркы мүнүшкөр",
        synopsis={
            "en": "An old hunter frees his eagle at the end of every winter. This year it comes "
            "back.",
            "ky": "Кары мүнүшкөр кыш аяктаган сайын бүркүтүн боштондукка чыгарат. Бул жылы "
            "бүркүт кайра учуп келет.",
            "ru": "Старый беркутчи в конце каждой зимы отпускает своего орла на волю. В этом "
            "году тот возвращается.",
        },
        look=Look(_HIGHLAND, ("flight",)),
        cover_scene="portrait:elder-calm",
        categories=("drama",),
        tags=("animals", "mountains", "family"),
        people=(("director", "Kanat Sadykov"), ("writer", "Aibek Toktogulov")),
        year=2016,
        original_language="ky",
        status="completed",
        popularity=190,
        duration_minutes=94,
    ),
)
