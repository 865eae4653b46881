"""The words that the sandbox's people are made of: names, places, companies, titles, by country.

Names in a script other than Latin carry the Latin spelling that an e-mail address uses: `Иван:ivan`.
Telephone templates use numbers that regulators keep free for fiction where there are any.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

Word = tuple[str, str]
"""A word as it is written, and its spelling in lower-case ASCII."""


@dataclass(frozen=True, slots=True)
class Country:
    """What people of one country are called, write and dial. `weight` is the share of leads."""

    code: str
    weight: float
    spellings: tuple[str, ...]
    cities: tuple[tuple[str, str], ...]
    given: tuple[Word, ...]
    family: tuple[Word, ...]
    firms: tuple[Word, ...]
    forms: tuple[str, ...]
    phones: tuple[str, ...]
    mobiles: tuple[str, ...]
    titles: tuple[tuple[str, ...], ...] = ()
    free_mail: tuple[str, ...] = ("gmail.com", "outlook.com", "yahoo.com")


def latin(text: str) -> str:
    """Lower-case ASCII letters and digits only; letters that cannot be reduced are dropped."""
    spelled = text.lower().translate(_SPELLINGS)
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "".join(c for c in plain if c.isalnum())


_SPELLINGS = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "ü": "ue", "ö": "oe", "ä": "ae"}
)


def _words(text: str) -> tuple[Word, ...]:
    return tuple(_word(item.replace("_", " ")) for item in text.split())


def _word(item: str) -> Word:
    written, _, spelled = item.partition(":")
    return written, spelled or latin(written)


def _country(code: str, weight: float, text: str) -> Country:
    """Read `key = values` lines; values of `cities`, `forms`, `phones` … are parted by `|`."""
    parts = {
        key.strip(): value.strip()
        for key, _, value in (line.partition("=") for line in text.strip().splitlines())
    }

    def listed(key: str, default: str = "") -> tuple[str, ...]:
        return tuple(item.strip() for item in parts.get(key, default).split("|"))

    titles = tuple(tuple(t.strip() for t in tier.split(";")) for tier in listed("titles") if tier)
    places = (city.partition("/") for city in listed("cities"))
    return Country(
        code=code,
        weight=weight,
        spellings=listed("spellings"),
        cities=tuple((city, state) for city, _, state in places),
        given=_words(parts["given"]),
        family=_words(parts["family"]),
        firms=_words(parts["firms"]),
        forms=listed("forms"),
        phones=listed("phones"),
        mobiles=listed("mobiles", parts["phones"]),
        titles=titles,
        free_mail=listed("mail", "gmail.com|outlook.com|yahoo.com|hotmail.com|icloud.com"),
    )


COUNTRIES: tuple[Country, ...] = (
    _country("US", 36, """
        spellings = United States|USA|US|U.S.A.|usa|United States of America|America
        cities = New York/NY|San Francisco/CA|Austin/Texas|Chicago/IL|Boston/MA|Denver/CO|Seattle/Washington|Atlanta/GA|Portland/OR|Miami/Florida
        given = James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Sarah Carlos Keisha DeShawn Emily Matthew Mei Priya Andrew Kim Brian Megan Tyler Ashley Mary-Jane
        family = Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Wilson Anderson Taylor Thomas Moore Jackson Lee Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright O'Neill McDonald Nguyen St._John Van_Buren
        firms = Acme Northwind Bluebird Granite Lakeshore Summit Pioneer Redwood Beacon Copper Evergreen Frontier Harbor Ironwood Keystone Liberty Meridian Nimbus Orchard Prairie Quarry Riverbend Sterling Tundra Vanguard Whitestone
        forms = {a} {b}|{a} {b}, Inc.|{a} {b} LLC|{f}, {g} & Partners LLP|"{a}" {b}, Inc.|{f} {b} Corp.|The {a} {b} Company|{a}{b}|{f} & Sons {b}
        phones = (212) 555-01##|415-555-01##|+1 512 555 01##|312.555.01##|1 (617) 555 01##|+13035550 1##|206-555-01## x12|(404)55501##|+1-503-555-01##
        mobiles = (305) 555-01##|+1 415 555 01##|737-555-01##"""),
    _country("GB", 9, """
        spellings = United Kingdom|UK|Great Britain|England|GB|U.K.
        cities = London/|Manchester/Greater Manchester|Leeds/West Yorkshire|Bristol/|Edinburgh/Scotland|Birmingham/West Midlands
        given = Oliver Amelia George Isla Harry Olivia Jack Ava Charlie Emily Siân Zoë Aoife Nigel Gareth Fiona Imran Aisha
        family = Smith Jones Taylor Davies Evans Roberts Hughes O'Connor Patel Khan Wood Hall Green Clarke Baker Llewellyn Smith-Jones MacLeod
        firms = Albion Thames Pennine Kestrel Oakham Wessex Highland Cobalt Ashdown Fenland Mersey Tamar
        forms = {a} {b} Ltd|{a} {b} Limited|{f} & {g} LLP|{a} {b} plc|{f}, {g} & Co.|{a} {b}
        phones = 020 7946 0###|+44 20 7946 0###|0161 496 0###|(0113) 496 0###|+44 (0)117 496 0###|01632 960###
        mobiles = 07700 900###|+44 7700 900###|+44 (0) 7700 900 ###
        mail = gmail.com|hotmail.co.uk|btinternet.com|outlook.com|yahoo.co.uk"""),
    _country("DE", 9, """
        spellings = Germany|Deutschland|DE|BRD|germany
        cities = Berlin/|München/Bayern|Hamburg/|Köln/NRW|Frankfurt am Main/Hessen|Düsseldorf/Nordrhein-Westfalen|Görlitz/Sachsen
        given = Hans Jürgen Björn Käthe Jörg Anna Lukas Sophie Maximilian Lena Günther Heike Thorsten Jana Ayşe Klaus-Peter Zoë
        family = Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Köhler Groß Yılmaz von_der_Heide Weiß Krüger Jäger
        firms = Bär Elbtal Nordlicht Rheinwerk Schwarzwald Havel Königsee Alpenglück Spree Weißbach Ostsee Brückner
        forms = {a} {b} GmbH|{f} & Söhne GmbH|{f} {b} GmbH & Co. KG|{a} {b} AG|{f} und {g} GbR|{a}-{b} GmbH|{f}, {g} & Partner mbB
        phones = 030 23125###|+49 30 23125 ###|(089) 99998###|+49 (0) 221 4710 ###|0049 40 66969 ###|069/90009###
        mobiles = 0171 39200##|+49 171 39200##|0176 040690##
        titles = Geschäftsführer;Geschäftsführerin;Vorstand|Bereichsleiter Vertrieb;Prokurist|Leiter Einkauf;Leiterin Marketing|Projektmanager;Teamleiter IT|Senior Referentin|Sachbearbeiter;Mitarbeiterin Einkauf|Werkstudent;Praktikantin
        mail = gmail.com|web.de|gmx.de|t-online.de|freenet.de"""),
    _country("FR", 6, """
        spellings = France|FR|FRANCE|france
        cities = Paris/Île-de-France|Lyon/|Marseille/PACA|Toulouse/Occitanie|Nantes/|Besançon/
        given = Jean François Élodie Chloé Hélène Jérôme Amélie Thérèse Lucas Léa Zoé Noël Anaïs Jean-Luc Marie-Ève Yacine
        family = Martin Bernard Dubois Lefèvre Moreau Lévêque Garçon Benoît D'Angelo Fournier Girard Château Nguyen Le_Goff De_La_Tour
        firms = Lumière Océane Étoile Provence Garonne Mistral Rivière Châtelet Bréhat
        forms = {a} {b} SARL|{a} {b} SAS|{f} & Fils|{f} et {g}, SA|Société {a}|L'{a} {b}
        phones = 01 99 00 ## ##|+33 1 99 00 ## ##|02.61.91.##.##|0465 71 ## ##|+33 (0)5 36 49 ## ##
        mobiles = 06 39 98 ## ##|+33 6 39 98 ## ##|0639 98####
        titles = PDG;Directrice générale;Gérant|Directeur commercial;Directrice financière|Responsable marketing;Directeur de site|Chef de projet;Responsable achats|Consultante senior|Chargé de mission;Assistante|Stagiaire;Étudiante
        mail = gmail.com|orange.fr|free.fr|laposte.net|wanadoo.fr"""),
    _country("ES", 3, """
        spellings = Spain|España|ES|Espana
        cities = Madrid/|Barcelona/Cataluña|Sevilla/Andalucía|A Coruña/Galicia
        given = José María Íñigo Begoña Ángel Lucía Óscar Nuria Sofía Andrés
        family = García_López Núñez Peña Muñoz Fernández Ibáñez Ramírez_Díaz Zúñiga
        firms = Castaño Ebro Serranía Levante Cañón
        forms = {a} {b}, S.L.|{f} e Hijos, S.A.|Grupo {a}
        phones = +34 910 ### ###|91 0## ## ##|930 ### ###
        mobiles = 600 000 ###|+34 600 000 ###
        titles = Director General;Consejera Delegada|Director Comercial;Subdirector General|Jefa de Compras;Director de Marketing|Responsable de Proyecto|Técnico Superior|Administrativo;Auxiliar|Becario"""),
    _country("BR", 4, """
        spellings = Brazil|Brasil|BR|brasil
        cities = São Paulo/SP|Rio de Janeiro/RJ|Brasília/DF|Florianópolis/SC
        given = João Antônio Conceição Luíza Thiago Patrícia Vinícius Débora Mônica
        family = da_Silva Gonçalves Araújo Simões dos_Santos Magalhães Corrêa
        firms = Cerrado Ipê Sertão Pão_Dourado Maracá
        forms = {a} {b} Ltda.|{f} & Irmãos S.A.|{a} {b} ME
        phones = (11) 5550-0###|+55 21 5550 0###
        mobiles = (11) 95550-0###|+55 (48) 95550-0###
        mail = gmail.com|uol.com.br|bol.com.br|hotmail.com"""),
    _country("IN", 6, """
        spellings = India|IN|भारत|INDIA
        cities = Mumbai/Maharashtra|Bengaluru/Karnataka|दिल्ली/Delhi|Chennai/TN|Pune/
        given = Amit Sunita Rajesh Deepika Venkataraman Anjali अमित:amit प्रिया:priya संजय:sanjay Mohammed R. Lakshmi
        family = Sharma Patel Iyer Krishnamurthy शर्मा:sharma वर्मा:verma गुप्ता:gupta Reddy Singh Subramanian
        firms = Ganga Himal Lotus Nilgiri Vindhya सूर्य:surya
        forms = {a} {b} Pvt. Ltd.|{a} {b} Private Limited|M/s {f} & Sons|{a} Group (India)
        phones = +91 22 0000 0###|080-0000 0###|022 0000 ####
        mobiles = +91 00000 0####|00000-0####
        mail = gmail.com|rediffmail.com|yahoo.co.in"""),
    _country("CN", 4, """
        spellings = China|中国|CN|P.R. China|PRC
        cities = 上海/|北京/|深圳/广东|杭州/浙江
        given = 伟:wei 芳:fang 秀英:xiuying 敏:min 静:jing 强:qiang 磊:lei 洋:yang 艳:yan 俊杰:junjie
        family = 王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 赵:zhao 黄:huang 欧阳:ouyang
        firms = 长江:changjiang 东方:dongfang 华星:huaxing 天和:tianhe 金桥:jinqiao
        forms = {a}{b}有限公司|{a}科技（集团）股份有限公司|{a}贸易公司
        phones = +86 21 0000 ####|021-0000####|(010) 0000 ####
        mobiles = +86 100 0000 ####|1000000####
        titles = 总经理;首席执行官|副总裁|销售总监;市场总监|采购经理|高级工程师|专员;助理|实习生
        mail = qq.com|163.com|126.com|sina.com"""),
    _country("JP", 4, """
        spellings = Japan|日本|JP|JAPAN
        cities = 東京/東京都|大阪/大阪府|横浜/神奈川県|Fukuoka/
        given = 太郎:taro 花子:hanako 翔太:shota 美咲:misaki 健一:kenichi さくら:sakura 大輔:daisuke Yūki
        family = 佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 渡辺:watanabe 伊藤:ito 山本:yamamoto Ōno
        firms = 桜:sakura 富士:fuji みらい:mirai 青空:aozora 北斗:hokuto
        forms = 株式会社{a}|{a}商事株式会社|有限会社{a}{b}|{a}ホールディングス
        phones = 03-0000-####|+81 3 0000 ####|06-0000-####
        mobiles = 090-0000-####|+81 90 0000 ####
        titles = 代表取締役;社長|常務執行役員|部長;本部長|課長|主任|担当;社員|学生
        mail = gmail.com|yahoo.co.jp|docomo.ne.jp"""),
    _country("KR", 2, """
        spellings = South Korea|대한민국|KR|Korea, Republic of|Korea
        cities = 서울/|부산/|Incheon/
        given = 민준:minjun 서연:seoyeon 지훈:jihoon 수빈:subin 하은:haeun 영호:youngho
        family = 김:kim 이:lee 박:park 최:choi 정:jung 남궁:namgung
        firms = 한빛:hanbit 미래:mirae 대한:daehan 새롬:saerom
        forms = 주식회사 {a}|(주){a}{b}|{a} 코리아
        phones = 02-0000-####|+82 2 0000 ####
        mobiles = 010-0000-####|+82 10 0000 ####
        mail = naver.com|daum.net|gmail.com"""),
    _country("UA", 2, """
        spellings = Ukraine|Україна|UA|Украина
        cities = Київ/|Львів/|Одеса/|Харків/
        given = Олександр:oleksandr Наталія:nataliia Іван:ivan Юлія:yuliia Сергій:serhii Дмитро:dmytro
        family = Шевченко:shevchenko Коваленко:kovalenko Бондар:bondar Ткаченко:tkachenko Щербак:shcherbak
        firms = Дніпро:dnipro Світанок:svitanok Калина:kalyna
        forms = ТОВ «{a}»|ТзОВ «{a} {b}»|ПП {f}
        phones = +380 44 000 ####|(044) 000-##-##
        mobiles = +380 00 000 ####|000 000 ## ##
        titles = Директор;Генеральний директор|Заступник директора|Начальник відділу|Менеджер проєкту|Провідний спеціаліст|Спеціаліст|Студент
        mail = ukr.net|gmail.com|i.ua"""),
    _country("BG", 1, """
        spellings = Bulgaria|България|BG
        cities = София/|Пловдив/
        given = Георги:georgi Мария:maria Иван:ivan Елена:elena
        family = Иванов:ivanov Петрова:petrova Димитров:dimitrov
        firms = Витоша:vitosha Балкан:balkan Родопи:rodopi
        forms = {a} ООД|„{a}“ ЕООД|{a} {b} АД
        phones = +359 2 000 ####|02/000 ####"""),
    _country("GR", 1.5, """
        spellings = Greece|Ελλάδα|GR|Hellas
        cities = Αθήνα/Αττική|Θεσσαλονίκη/
        given = Γιώργος:giorgos Μαρία:maria Ελένη:eleni Κώστας:kostas Δημήτρης:dimitris
        family = Παπαδόπουλος:papadopoulos Αγγελοπούλου:angelopoulou Νικολάου:nikolaou Γεωργίου:georgiou
        firms = Όλυμπος:olympos Αιγαίο:aigaio Ήλιος:ilios
        forms = {a} Α.Ε.|{a} {b} Ε.Π.Ε.|Αφοί {f} Ο.Ε.
        phones = +30 210 000 ####|210 000####"""),
    _country("AE", 2, """
        spellings = United Arab Emirates|UAE|الإمارات|U.A.E.
        cities = دبي/Dubai|أبوظبي/|Sharjah/
        given = محمد:mohammed فاطمة:fatima أحمد:ahmed عائشة:aisha Omar خالد:khaled
        family = الهاشمي:alhashimi المنصوري:almansoori Al_Maktoum حداد:haddad خوري:khoury
        firms = النخيل:nakheel الصحراء:sahra Falcon الخليج:khaleej
        forms = شركة {a}|{a} {b} L.L.C.|مجموعة {a}|{a} Trading FZ-LLC
        phones = +971 4 000 ####|04 000 ####
        mobiles = +971 50 000 ####|050 000 ####"""),
    _country("PL", 2.5, """
        spellings = Poland|Polska|PL
        cities = Warszawa/|Kraków/Małopolska|Łódź/|Wrocław/
        given = Łukasz Małgorzata Paweł Żaneta Zbigniew Agnieszka Michał
        family = Nowak Wiśniewska Wójcik Dąbrowski Łęcki Szymańska Śliwa
        firms = Bałtyk Wisła Żubr Tatry Jantar
        forms = {a} {b} Sp. z o.o.|{f} i Wspólnicy Sp.j.|P.P.H.U. „{a}”
        phones = +48 22 000 ## ##|(12) 000-00-##
        mobiles = +48 500 000 ###|500-000-###
        mail = wp.pl|onet.pl|interia.pl|gmail.com"""),
    _country("SE", 2, """
        spellings = Sweden|Sverige|SE
        cities = Stockholm/|Göteborg/|Malmö/Skåne|Växjö/
        given = Åsa Örjan Björn Märta Sven Linnéa Håkan
        family = Åkesson Öberg Sjöström Lindqvist Bergström af_Klint
        firms = Norrsken Älgen Sjöfart Björk Mälar
        forms = {a} {b} AB|{f} & {g} HB|{a} Sverige AB
        phones = 08-465 004 ##|+46 8 465 004 ##|031-390 06 ##
        mobiles = 070-174 06 ##|+46 70 174 06 ##"""),
    _country("NL", 2.5, """
        spellings = Netherlands|The Netherlands|Nederland|Holland|NL
        cities = Amsterdam/|Rotterdam/Zuid-Holland|'s-Hertogenbosch/|Utrecht/
        given = Daan Femke Joost Anouk Sjoerd Loes Renée Jan-Willem
        family = de_Jong van_den_Berg 't_Hart Bakker IJsselstein van_'t_Hoff Visser
        firms = Tulp Windmolen Polder IJssel Zuiderzee
        forms = {a} {b} B.V.|{f} & Zn.|{a} {b} N.V.
        phones = 085 000 ####|+31 85 000 ####|(020) 000 ####
        mobiles = 06-00000###|+31 6 0000 0###"""),
    _country("CA", 4, """
        spellings = Canada|CA|CAN|canada
        cities = Toronto/ON|Montréal/Québec|Vancouver/BC|Calgary/Alberta
        given = Liam Emma Noah Geneviève Étienne Harpreet Wei Olivia
        family = Tremblay Gagnon MacDonald Singh Bouchard Côté Wong Campbell
        firms = Maple Laurentian Boreal Cascadia Érable
        forms = {a} {b} Inc.|{a} {b} ltée|{f}, {g} & Associates
        phones = (416) 555-01##|514 555-01##|+1 604-555-01##
        mail = gmail.com|rogers.com|sympatico.ca|videotron.ca"""),
    _country("AU", 3, """
        spellings = Australia|AU|AUS|australia
        cities = Sydney/NSW|Melbourne/Victoria|Brisbane/QLD|Perth/WA
        given = Lachlan Matilda Bruce Sheila Jarrah Chloe Angus
        family = Nguyen Kelly Ryan Campbell O'Brien Papadopoulos Murray
        firms = Wattle Boomerang Southern_Cross Outback Coral
        forms = {a} {b} Pty Ltd|{f} & Co Pty. Ltd.|{a} {b} (Aust.)
        phones = (02) 5550 ####|+61 3 7010 ####|07 7010 ####
        mobiles = 0491 570 006|+61 491 570 156|0491 571 804"""),
    _country("MX", 3, """
        spellings = Mexico|México|MX|MEX
        cities = Ciudad de México/CDMX|Guadalajara/Jalisco|Mérida/Yucatán
        given = Guadalupe Jesús Alejandra Héctor Ximena Raúl
        family = Hernández_Cruz Gutiérrez Méndez Ávila Ortiz
        firms = Águila Maíz Jade Sol_Azteca
        forms = {a} {b} S.A. de C.V.|Grupo {a}, S. de R.L.
        phones = +52 55 0000 ####|(33) 0000-####"""),
)  # fmt: skip

TRADES: tuple[Word, ...] = _words(
    "Logistics Software Foods Robotics Consulting Textiles Energy Health Media Pharma Metals Design"
    " Finance Packaging Security Labs Analytics Travel Motors Education Systems Networks Legal Retail"
)

TITLES: tuple[tuple[str, ...], ...] = (
    ("CEO", "Chief Executive Officer", "Founder & CEO", "COO", "CFO", "CTO", "Owner", "C.E.O.",
     "Co-Founder", "Chief Revenue Officer", "Managing Director", "ceo"),
    ("VP Sales", "Vice President, Operations", "SVP Marketing", "V.P. of Engineering", "VP, IT",
     "Senior Vice President Finance", "EVP"),
    ("Director of Marketing", "Head of Procurement", "Sales Director", "Head of IT",
     "Director, Customer Success", "IT Director", "Dir. Operations"),
    ("Marketing Manager", "Operations Manager", "Product manager", "Procurement Manager",
     "IT Manager", "Office manager", "Project Mgr"),
    ("Senior Engineer", "Sr. Analyst", "Senior Consultant", "Team Lead", "Principal Developer"),
    ("Analyst", "Engineer", "Accountant", "Buyer", "Specialist", "Consultant", "Coordinator",
     "Assistant to the CEO", "Administrator"),
    ("Intern", "Student", "Trainee", "PhD student", "Junior Developer", "unemployed"),
)  # fmt: skip
"""Job titles, most senior tier first."""

INDUSTRIES: tuple[tuple[str, ...], ...] = (
    ("Software", "Computer Software", "Manufacturing", "Financial Services", "SaaS", "Technology",
     "Information Technology and Services"),
    ("Logistics", "Healthcare", "Retail", "Energy", "Professional Services", "Telecommunications",
     "Insurance"),
    ("Education", "Hospitality", "Non-profit", "Agriculture", "Restaurants", "Arts & Crafts",
     "Government", "Student Organization"),
)  # fmt: skip
"""Industries, those that buy most first."""

DISPOSABLE = (
    "mailinator.com",
    "guerrillamail.com",
    "10minutemail.com",
    "yopmail.com",
    "trashmail.com",
)

JUNK_PHONES = ("n/a", "-", "call me", "000", "12345", "+++", "see e-mail", "555", "0000000000",
               "123456789", "none", "tel", "999-999-9999")  # fmt: skip

PLACEHOLDERS = ("test", "asdf", "n/a", "xxx", "none", "abc", "Test Test", "qwerty", "-", "aaa", ".")

SPAM_MESSAGES = (
    "We can put your site on page one of the search results!!! visit http://rank-fast.example now",
    "Hello dear, I have a business proposal worth USD 4,500,000. Reply to me.",
    "Cheap pills http://pills.example http://pills2.example",
    "<a href=http://casino.example>best casino bonus</a>",
    "asdf asdf asdf",
    "I am a freelance SEO expert and found several errors on your website.",
    "Buy 10,000 followers today!!!",
)

MESSAGES = (
    "We are comparing vendors and would like a demo for our team of {n}.",
    "Please send pricing for {n} users.",
    "Saw you at the trade show. Can someone call me next week?",
    "Looking for documentation on the export function.",
    "Our current contract ends this quarter; we need a quote for {n} seats.",
    "Just browsing for now, thanks.",
    "Is there a discount for students?",
    "Could you connect to our ERP?\nWe have {n} sites.",
    "Interested in a trial.",
    "Wir bitten um ein Angebot für {n} Arbeitsplätze.",
    "Nous souhaitons une démonstration, s'il vous plaît.",
    "",
)

SOURCES = (("Web", 34), ("Webinar", 12), ("Trade Show", 9), ("Partner Referral", 8),
           ("Phone Inquiry", 7), ("Purchased List", 16), ("Social Media", 8), ("Other", 6))  # fmt: skip

BEST_SOURCES = ("Partner Referral", "Web", "Webinar", "Phone Inquiry", "Trade Show")
WORST_SOURCES = ("Web", "Web", "Purchased List", "Other")

HEARD_FROM = ("a colleague", "Google", "LinkedIn", "podcast", "a partner of yours", "conference",
              "newsletter", "used it at my last job", "don't remember", "友人", "Empfehlung")  # fmt: skip

REPLACING = ("spreadsheets", "Excel", "an in-house tool", "nothing yet", "our old CRM add-on",
             "a competitor's product", "paper forms", "a system of 2009")  # fmt: skip
