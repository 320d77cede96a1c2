//! What must never be recorded: network addresses, host names, user names, passwords, streams.
//!
//! Exports of video-management systems are full of them, and whoever pastes one here would publish
//! it to every reader of the census. The rule must also stay silent on ordinary Italian: addresses,
//! models, acts, times. One pass over the bytes says whether a closer look is worth its time.
//! Enforced by the two lists of examples in the tests below.

use std::net::Ipv6Addr;

/// How a text is read: dotted numbers are versions in some fields and addresses in the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dotted {
    /// Four dotted numbers are an address.
    Address,
    /// Four dotted numbers are a version or an outline number, unless nobody numbers versions so.
    Version,
}

/// What stands where something that is never recorded was taken out of a file that is kept for a
/// while. It counts as a secret itself, so that nobody takes it for a value.
pub const REMOVED: &str = "(tolto: dato che non si conserva)";

/// What a text seems to contain that is never recorded, in Italian words that follow «somiglia».
/// The secret itself is not part of the answer: findings are stored and shown.
#[must_use]
pub fn find(text: &str, dotted: Dotted) -> Option<&'static str> {
    let signs = Signs::of(text.as_bytes());
    if signs == Signs::default() {
        return None;
    }
    if signs.colon && text.trim() == REMOVED {
        return Some("a un dato che non si conserva e che abbiamo già tolto");
    }
    let lower = text.to_ascii_lowercase();
    let text = lower.as_str();
    if signs.colon && stream_or_private_url(text) {
        return Some("all’indirizzo di un flusso video o di un apparato");
    }
    if signs.backslashes {
        return Some("al nome di un computer della rete");
    }
    if (signs.colon || signs.equals || signs.word || signs.slash) && credential(text) {
        return Some("a un nome utente o a una password");
    }
    let numeric = (signs.numbers > 1 && address(text, dotted))
        || (signs.colon && (ipv6(text) || hardware(text, ':')))
        || (signs.hyphens == HYPHENS && hardware(text, '-'));
    if numeric {
        return Some("a un indirizzo di rete");
    }
    if signs.name && text.split(|letter: char| !in_host(letter)).any(host) {
        return Some("al nome di un apparato nella rete");
    }
    ((signs.slash || signs.name) && STREAM_PATHS.iter().any(|path| text.contains(path)))
        .then_some("all’indirizzo di un flusso video o di un apparato")
}

/// How many hyphens a hardware address has.
const HYPHENS: u8 = 5;

/// The signs without which nothing below can be found; most texts have none.
#[derive(Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a sign seen or not")]
struct Signs {
    colon: bool,
    equals: bool,
    /// A slash that may stand in one of the paths or after one of the accounts below.
    slash: bool,
    /// Two in a row, which begin the name of a computer.
    backslashes: bool,
    /// A word with a «w» after a «p», as every English word for password.
    word: bool,
    /// A full stop, or a full stop and more, that joins a word to a letter.
    name: bool,
    /// How many full stops follow a digit and precede a letter or digit; none if only one does.
    numbers: u8,
    /// Five if there are so many hyphens, else none.
    hyphens: u8,
}

impl Signs {
    fn of(bytes: &[u8]) -> Self {
        let mut signs = Self::default();
        let (mut hyphens, mut numbers) = (0_u8, 0_u8);
        let (mut before, mut previous) = (b' ', b' ');
        let mut after_p = false;
        for &byte in bytes {
            if byte.is_ascii_alphanumeric() {
                let letter = byte.is_ascii_alphabetic();
                match previous {
                    b'.' if before.is_ascii_digit() => {
                        numbers = numbers.saturating_add(1);
                        signs.name |= letter;
                    }
                    b'.' => signs.name |= letter && before.is_ascii_alphabetic(),
                    b'/' => signs.slash |= opens_path(before, letter),
                    _ => {}
                }
                match byte | 0x20 {
                    b'p' => after_p = true,
                    b'w' => signs.word |= after_p,
                    _ => {}
                }
            } else {
                after_p = false;
                match byte {
                    b':' => signs.colon = true,
                    b'=' => signs.equals = true,
                    b'\\' => signs.backslashes |= previous == b'\\',
                    b'-' => hyphens = hyphens.saturating_add(1),
                    _ => {}
                }
            }
            (before, previous) = (previous, byte);
        }
        signs.numbers = if numbers > 1 { numbers } else { 0 };
        signs.hyphens = if hyphens >= HYPHENS { HYPHENS } else { 0 };
        signs
    }
}

/// Whether a slash between these two may matter: paths begin with one, and the words that matter
/// before one end with these letters. House numbers, models and «e/o» are spared a closer look.
fn opens_path(before: u8, letter_after: bool) -> bool {
    if before.is_ascii_alphanumeric() {
        return matches!(
            before | 0x20,
            b'a' | b'f' | b'g' | b'i' | b'm' | b'n' | b'r' | b't'
        );
    }
    letter_after
}

/// Paths that only video devices have.
static STREAM_PATHS: &[&str] = &[
    "streaming/channels",
    "cam/realmonitor",
    "axis-media/",
    "axis-cgi/",
    "cgi-bin/",
    "mjpg/video",
    "onvif/",
    "/live.sdp",
    ".m3u8",
    "/h264preview",
];

fn stream_or_private_url(text: &str) -> bool {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let scheme = before
            .rsplit(|letter: char| !letter.is_ascii_alphanumeric())
            .next();
        let open = matches!(scheme, Some("http" | "https"));
        if !scheme.unwrap_or_default().is_empty() && (!open || private_web(after)) {
            return true;
        }
        rest = after;
    }
    false
}

/// Whether what follows `http://` is anything else than a page of a public site.
fn private_web(after: &str) -> bool {
    let url = after
        .split(|letter: char| letter.is_whitespace() || letter == '»')
        .next();
    let url = url.unwrap_or_default();
    let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
    let path = url.strip_prefix(authority).unwrap_or_default();
    let stream = ["mjpg", "mjpeg", "snapshot", "video.cgi", "stream"];
    authority.contains(['@', ':', '['])
        || !authority.contains('.')
        || authority
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        || host(authority)
        || stream.iter().any(|word| path.contains(word))
        || STREAM_PATHS.iter().any(|word| path.contains(word))
}

/// Words after which a colon or an equals sign introduces something to keep secret.
fn is_key(word: &str) -> bool {
    matches!(
        word,
        "password"
            | "passwd"
            | "passphrase"
            | "pwd"
            | "psw"
            | "pw"
            | "pass"
            | "user"
            | "username"
            | "userid"
            | "utente"
            | "utenza"
            | "login"
            | "credenziali"
            | "account"
            | "apikey"
            | "api_key"
            | "token"
            | "secret"
            | "pin"
            | "puk"
    )
}

/// Words after which even a space does, when what follows has digits.
fn is_password(word: &str) -> bool {
    matches!(word, "password" | "passwd" | "pwd" | "psw" | "pass")
}

/// Accounts that devices come with.
fn is_account(word: &str) -> bool {
    matches!(word, "admin" | "root" | "administrator")
}

fn credential(text: &str) -> bool {
    let mut rest = text;
    while let Some(begin) = rest.find(in_word) {
        let found = rest.get(begin..).unwrap_or_default();
        let length = found.find(|letter| !in_word(letter)).unwrap_or(found.len());
        let (word, after) = found.split_at_checked(length).unwrap_or_default();
        if (is_key(word) && introduces(word, after))
            || (is_password(word) && precedes(after))
            || (is_account(word) && joins(after))
        {
            return true;
        }
        rest = after;
    }
    false
}

fn in_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether a colon or an equals sign stands before something. «Pass: residenti» is a permit, unless
/// what follows has digits.
fn introduces(word: &str, after: &str) -> bool {
    let Some(value) = after.trim_start().strip_prefix([':', '=']) else {
        return false;
    };
    let value = value.trim_start();
    !value.is_empty() && (word != "pass" || first_word(value).is_some_and(has_digit))
}

/// Whether a space stands before something with digits, not too short.
fn precedes(after: &str) -> bool {
    let spaced = after.trim_start();
    spaced.len() < after.len()
        && first_word(spaced).is_some_and(|token| has_digit(token) && token.len() > 3)
}

/// Whether a colon or a slash joins an account to something: `admin/admin`.
fn joins(after: &str) -> bool {
    let joined = after
        .strip_prefix([':', '/'])
        .and_then(|value| value.chars().next());
    joined.is_some_and(|letter| !letter.is_whitespace())
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether four dotted numbers stand in the text as an address.
fn address(text: &str, dotted: Dotted) -> bool {
    let bytes = text.as_bytes();
    let mut start = 0;
    while let Some(offset) = bytes
        .get(start..)
        .and_then(|rest| rest.iter().position(u8::is_ascii_digit))
    {
        let begin = start + offset;
        let rest = bytes.get(begin..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_digit() || **byte == b'.')
            .count();
        let before = text.get(..begin).unwrap_or_default();
        let run = text.get(begin..begin + length).unwrap_or_default();
        let after = text.get(begin + length..).unwrap_or_default();
        if addresses(before, run.trim_end_matches('.'), after, dotted) {
            return true;
        }
        start = begin + length.max(1);
    }
    false
}

fn addresses(before: &str, run: &str, after: &str, dotted: Dotted) -> bool {
    if run.starts_with("192.168.") {
        return true;
    }
    let Some(octets) = octets(run) else {
        return false;
    };
    let version = dotted == Dotted::Version || announces_version(before);
    let attached = before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '-');
    if !version {
        return !attached && !after.starts_with(char::is_alphanumeric);
    }
    let ported = after.starts_with([':', '/'])
        && after
            .get(1..)
            .is_some_and(|port| port.starts_with(|letter: char| letter.is_ascii_digit()));
    ported
        || matches!(
            octets,
            [127, 0, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..]
        )
}

/// The four numbers of an address: none above 255, and no leading zeros, which telephone numbers
/// and amounts have, unless every number is padded to three digits.
fn octets(run: &str) -> Option<[u8; 4]> {
    let padded = run.len() == 15;
    let mut octets = [0; 4];
    let mut parts = run.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.len() > 3 || (!padded && part.len() > 1 && part.starts_with('0')) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// Whether the words before a dotted number say that it is a version.
fn announces_version(before: &str) -> bool {
    let before = before.trim_end_matches([' ', ':', '.']);
    [
        "versione", "version", "vers", "ver", "v", "firmware", "fw", "build", "release", "rel",
        "sw",
    ]
    .iter()
    .any(|word| {
        before
            .strip_suffix(word)
            .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
    })
}

fn ipv6(text: &str) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, ':' | '.')))
        .map(|token| token.trim_end_matches('.'))
        .filter(|token| token.bytes().filter(|byte| *byte == b':').count() >= 2)
        .filter(|token| token.parse::<Ipv6Addr>().is_ok())
        .any(|token| {
            let groups = token.split(':').filter(|group| !group.is_empty());
            groups.clone().count() > 2 || groups.clone().any(|group| group.len() > 2)
        })
}

/// Whether six pairs of hexadecimal digits stand in the text. Joined by hyphens they must have a
/// letter too: «01-02-03-04-05-06» is a list of cameras.
fn hardware(text: &str, joint: char) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == joint))
        .any(|token| {
            let mut pairs = token.split(joint);
            let six = (0..6).all(|_| {
                pairs.next().is_some_and(|pair| {
                    pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit())
                })
            });
            let letters = token.bytes().any(|byte| byte.is_ascii_alphabetic());
            six && pairs.next().is_none() && (joint == ':' || letters)
        })
}

fn in_host(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_')
}

/// What a device's own name in the network begins with.
static DEVICES: &[&str] = &[
    "cam",
    "ipcam",
    "camera",
    "nvr",
    "dvr",
    "xvr",
    "tvcc",
    "cctv",
    "vms",
    "nas",
    "srv",
    "server",
    "router",
    "switch",
    "ocr",
    "anpr",
    "lpr",
    "tlc",
    "telecamera",
];

/// Services that give a name to an address that changes.
static DYNAMIC: &[&str] = &[
    "dyndns",
    "ddns",
    "no-ip",
    "noip",
    "duckdns",
    "hik-connect",
    "synology",
    "myqnapcloud",
    "myds",
];

/// Whether a name with dots is that of a machine: in a private domain, behind a dynamic name, or
/// with a device's name in a public domain.
fn host(name: &str) -> bool {
    let name = name.trim_matches('.');
    let mut labels = name.split('.');
    let (Some(first), Some(last)) = (labels.next(), labels.next_back()) else {
        return false;
    };
    if first.is_empty() || name.contains("..") {
        return false;
    }
    let device = DEVICES.iter().any(|word| {
        first.strip_prefix(word).is_some_and(|rest| {
            rest.trim_start_matches(['-', '_'])
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                || rest.starts_with(['-', '_'])
        })
    });
    let inner = labels.clone().next().is_some();
    match last {
        "local" | "localdomain" | "internal" | "intranet" | "lcl" => true,
        "lan" | "corp" | "priv" => device || inner || has_digit(first) || first.contains('-'),
        "it" | "com" | "net" | "org" | "eu" | "me" | "info" => {
            (device && inner) || name.split('.').any(|label| DYNAMIC.contains(&label))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_recorded_is_recognised() {
        for text in [
            "192.168.1.20",
            "IP 10.0.4.17",
            "raggiungibile a 10.20.30.40:554",
            "192.168.001.010",
            "192.168.1.x",
            "(172.16.4.9)",
            "93.62.155.12",
            "ip:10.1.2.3.",
            "fe80::1ff:fe23:4567:890a",
            "2001:db8::8a2e:370:7334",
            "rtsp://admin:admin@10.1.1.1/Streaming/Channels/101",
            "rtsp://cam/stream",
            "RTSP://CAMERA",
            "http://admin:1234@telecamera.comune.it/",
            "http://192.168.1.10",
            "https://nvr:8443/login",
            "http://nvr/",
            "https://tvcc.comune.esempio.mi.it:8080/",
            "ftp://deposito.esempio.it/targhe",
            "http://www.esempio.it/mjpg/video.mjpg",
            "password: Milano2020",
            "Password = segreta",
            "pwd=abc",
            "psw Estate2023!",
            "utente: operatore",
            "user:pl pass:pl123",
            "Login: vigili",
            "admin/admin",
            "root:pass",
            "PIN: 1234",
            "token=eyJhbGciOi",
            "credenziali: quelle del comando",
            "00:1A:2B:3C:4D:5E",
            "AC-CC-8E-12-34-56",
            "cam01.comune.local",
            "server.local",
            "nvr.polizia.lan",
            "srv-vms.comune.legnano.mi.it",
            "comune.dyndns.org",
            "\\\\server\\registrazioni",
            "/Streaming/Channels/101",
            "/cam/realmonitor?channel=1&subtype=0",
        ] {
            assert!(find(text, Dotted::Address).is_some(), "{text}");
        }
    }

    #[test]
    fn every_path_and_account_is_recognised_by_itself() {
        for path in STREAM_PATHS {
            let text = format!("telecamera{path}1");
            assert!(find(&text, Dotted::Address).is_some(), "{text}");
        }
        for account in ["admin", "root", "administrator"] {
            assert!(
                find(&format!("{account}/x"), Dotted::Address).is_some(),
                "{account}"
            );
        }
    }

    #[test]
    fn ordinary_italian_is_left_alone() {
        for text in [
            "",
            "Via 4 Novembre 12/A",
            "via G. Garibaldi, 3 bis - ang. P.zza S.Pietro",
            "S.P. 35 km 12+300, dir. Milano",
            "S.S. 11 \"Padana Superiore\" km 120.450",
            "Rotonda via Roma/viale Lombardia, direzione centro",
            "C.so Sempione n. 45/47, fraz. S.Maria",
            "DS-2CD4A26FWD-IZS/P",
            "AXIS P1455-LE-3",
            "IPC-HFW5442E-ZE-2712-S4",
            "Vigilplate 1.0",
            "TruCAM II LTI 20/20",
            "3 bis",
            "Lotto 2 - stralcio 1.2.3",
            "CUP B41F22000510001",
            "AB123CD",
            "Ore 7:30-19:30, sabato 8:00:00",
            "dalle 08:15:30 alle 20:45:10",
            "Nota: da verificare con il comando; tel. 02 7740.1",
            "tel. 02.77.40.12 int. 3",
            "tel: 348.12.34.567",
            "importo 1.234.567,89",
            "1.200.150.000 lire",
            "12.03.2020",
            "G.C. n. 175 del 02/12/2020",
            "finanziamento D.M. 27.05.2020 art. 35-quinquies D.L. 113/2018",
            "Vedi https://www.comune.canegrate.mi.it/it/novita",
            "vedi https://www.cittametropolitana.mi.it/safe_community?id=3",
            "Safe Community: fase 1",
            "La password è custodita dal comando",
            "accesso con utente del comando",
            "WiFi pubblico nelle vicinanze",
            "IP66, IK10, -40/+60 °C",
            "PoE+ 802.3at, 12 Vcc, 24 W",
            "Pass: disabili e residenti",
            "telecamere 01-02-03-04-05-06",
            "versione 5.7.12.1",
            "firmware V5.5.82 build 190220",
            "v.10.12.166.4",
            "Cell.Locale quadri; Coll.LAN da ripristinare",
            "Tel.Cam. 3, q.ta 5 m",
            "a/b, e/o, si/no",
            "rapporto 1:500",
            "45°27'51\"N 9°11'24\"E",
            "Comune=Legnano",
            "protocollo n. 12345/2021.U",
            "comando@esempio.it",
            "MILANO::VARCO::1",
            "amministrazione/uffici",
            "Web server a bordo: sì",
            "strada di Switch.it",
        ] {
            assert_eq!(find(text, Dotted::Address), None, "{text}");
        }
    }

    #[test]
    fn a_version_is_not_an_address_where_versions_are_written() {
        for text in [
            "5.7.12.1",
            "10.2.1.5",
            "V5.5.82 build 190220",
            "2020.3.1.0",
            "11.4.63",
        ] {
            assert_eq!(find(text, Dotted::Version), None, "{text}");
        }
        for text in [
            "192.168.1.20",
            "10.2.1.5:554",
            "172.20.1.5",
            "http://10.2.1.5",
            "127.0.0.1",
        ] {
            assert!(find(text, Dotted::Version).is_some(), "{text}");
        }
    }

    #[test]
    fn the_answer_never_repeats_the_secret() {
        let words = find("password: Milano2020", Dotted::Address);
        assert!(words.is_some_and(|words| !words.contains("Milano2020")));
    }
}
