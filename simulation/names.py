"""Made-up people, companies and places for simulated leads; any likeness is chance."""

PEOPLE_FIRST = (
    "Ada", "Aiko", "Amara", "Anouk", "Arjun", "Astrid", "Beatriz", "Bruno", "Camille", "Carlos", "Chidi",
    "Clara", "Daan", "Dalia", "Diego", "Elif", "Elena", "Emil", "Esra", "Fatima", "Felix", "Freya", "Gábor",
    "Giulia", "Hana", "Hugo", "Imani", "Ines", "Ivan", "Jonas", "Kaito", "Karim", "Klara", "Lars", "Leila",
    "Liam", "Lucía", "Łukasz", "Maja", "Marek", "Mateo", "Mei", "Milan", "Nadia", "Niklas", "Noor", "Olga",
    "Omar", "Paula", "Pedro", "Petra", "Priya", "Rafael", "Rosa", "Sami", "Sara", "Søren", "Sofia", "Tariq",
    "Teresa", "Tomás", "Uma", "Vera", "Victor", "Wanda", "Wei", "Yara", "Yusuf", "Zoë", "Zofia",
)  # fmt: skip
PEOPLE_LAST = (
    "Abiola", "Almeida", "Andersson", "Bakker", "Banerjee", "Bauer", "Becker", "Bianchi", "Blanc",
    "Castillo", "Chen", "Costa", "Dahl", "Demir", "Dubois", "Eriksen", "Farkas", "Fischer", "García",
    "Haddad", "Hansen", "Horváth", "Ibrahim", "Jansen", "Kaya", "Keller", "Kowalski", "Kumar", "Laurent",
    "Lindqvist", "López", "Mbeki", "Meyer", "Moreau", "Mukherjee", "Müller", "Nakamura", "Nguyen", "Novák",
    "Nowak", "O'Brien", "Okafor", "Olsen", "Park", "Pereira", "Petrov", "Rossi", "Sato", "Schmidt", "Silva",
    "Singh", "Suzuki", "Tanaka", "Torres", "Varga", "Visser", "Wagner", "Walsh", "Weber", "Zhang",
)  # fmt: skip
COMPANY_HEAD = (
    "Al", "Ar", "Bel", "Bri", "Cal", "Cor", "Dan", "Del", "El", "Fen", "Gal", "Hal", "Il", "Jor", "Kal",
    "Kor", "Lum", "Mar", "Mon", "Nor", "Ol", "Or", "Pel", "Quan", "Ros", "Sal", "Sol", "Tal", "Ter", "Ul",
    "Val", "Vel", "Wes", "Xan", "Yor", "Zen",
)  # fmt: skip
COMPANY_MIDDLE = (
    "a", "be", "co", "da", "e", "fi", "ga", "i", "ka", "li", "mo", "na", "o", "pi", "ra", "si", "ta", "u",
    "vo", "xi",
)  # fmt: skip
COMPANY_TAIL = (
    "bra", "cor", "dex", "dyne", "fold", "gen", "lane", "line", "lux", "mark", "mex", "nix", "nova", "port",
    "ria", "sen", "ston", "tec", "tra", "vent", "via", "wick", "zon",
)  # fmt: skip
COMPANY_TRADE = {
    "software": ("Software", "Systems", "Cloud", "Data"),
    "manufacturing": ("Werke", "Industries", "Maschinenbau", "Components"),
    "retail": ("Stores", "Retail", "Trading", "Markets"),
    "finance": ("Capital", "Finance", "Insurance", "Bank"),
    "healthcare": ("Health", "Clinics", "Medical", "Pharma"),
    "education": ("Academy", "Learning", "Schools", "Campus"),
    "logistics": ("Logistics", "Freight", "Cargo", "Transport"),
    "construction": ("Bau", "Construction", "Homes", "Engineering"),
    "media": ("Media", "Studios", "Press", "Agency"),
    "public": ("Council", "Institute", "Foundation", "Association"),
}
COMPANY_FORM = (
    "GmbH", "Ltd", "B.V.", "S.A.", "AB", "Inc.", "S.r.l.", "& Co.", "& Partner, AG", "Group",
)  # fmt: skip
COUNTRIES = (
    "DE", "FR", "NL", "GB", "ES", "IT", "SE", "PL", "AT", "CH", "US", "PT",
)  # fmt: skip
CITY_HEAD = (
    "Neu", "Alt", "San ", "Sint-", "Groß", "Vila ", "North", "East", "Sankt ", "Mont",
)  # fmt: skip
CITY_MIDDLE = (
    "ber", "hol", "mar", "ste", "lin", "kas", "ver", "wal", "tor", "ran", "der", "fel", "gar", "lau", "min",
)  # fmt: skip
CITY_TAIL = (
    "burg", "feld", "stad", "ville", "ham", "borg", "grad", "ona", "eto", "dorp", "au", "furt",
)  # fmt: skip
