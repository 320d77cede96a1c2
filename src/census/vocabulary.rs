//! The words of the census: every attribute of a device and every closed list, defined once.
//!
//! Form labels, CSV headers, shapefile names, GeoJSON properties, storage columns, the checks of
//! lists and the column reference in `docs/` are all made from [`ATTRIBUTES`]. To add an attribute:
//! one entry in the `attributes!` table below, one pair of migrations, one test.
//! Enforced by `tests/it/schema.rs` and `tests/it/documentation.rs`.

/// One entry of a closed list: the code that is stored and exchanged, the words people see, and the
/// other spellings that are understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Term {
    /// What is stored, exported and imported.
    pub code: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Other spellings seen in real files, already folded (lower case, no accents, single spaces).
    pub synonyms: &'static [&'static str],
}

/// The value every closed list has besides its own, which never counts as a yes.
pub const UNKNOWN: &str = "non_noto";

/// What may stand in an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Free text of at most this many characters.
    Text(usize),
    /// Long free text of at most this many characters, entered on several lines.
    Prose(usize),
    /// A whole number between two bounds, both included.
    Integer(i64, i64),
    /// A number between two bounds, both included, in the unit the label names.
    Decimal(f64, f64),
    /// One entry of a closed list.
    One(&'static [Term]),
    /// Any entries of a closed list, stored in the list's order, separated by commas.
    Many(&'static [Term]),
    /// A calendar date, ISO 8601.
    Date,
    /// A year, from the bound to the present one.
    Year(i64),
    /// The code of a body.
    Body,
    /// The ISTAT code of a Comune, six digits.
    Municipality,
    /// The code of a site of the same body.
    Site,
    /// An entry of the software catalogue, or the name of one to propose.
    Software,
    /// Decimal degrees, WGS 84 (EPSG:4326), positive northwards.
    Latitude,
    /// Decimal degrees, WGS 84 (EPSG:4326), positive eastwards.
    Longitude,
}

/// When an attribute must be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A device cannot be saved without it.
    Save,
    /// A device cannot be submitted without it.
    Submit,
    /// A plate reader cannot be submitted without it.
    SubmitReaders,
    /// May stay empty.
    Optional,
}

/// The sections of the form, in the order in which people meet them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Where the device is.
    Position,
    /// What it is called and whose it is.
    Identity,
    /// What it does.
    Purpose,
    /// Make, model and features.
    Apparatus,
    /// What it frames and what it reads.
    View,
    /// What a transit contains.
    Transit,
    /// Software, network and standing towards the national system.
    Connection,
    /// How it is mounted and powered.
    Installation,
    /// Contract, money and law.
    Administration,
}

impl Section {
    /// All sections in the order of the form.
    pub const ALL: [Self; 9] = [
        Self::Position,
        Self::Identity,
        Self::Purpose,
        Self::Apparatus,
        Self::View,
        Self::Transit,
        Self::Connection,
        Self::Installation,
        Self::Administration,
    ];

    /// The section's heading.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Position => "Dove si trova",
            Self::Identity => "Che cos’è e di chi è",
            Self::Purpose => "A che cosa serve",
            Self::Apparatus => "Apparecchio",
            Self::View => "Inquadratura",
            Self::Transit => "Lettura e transiti",
            Self::Connection => "Software e collegamento",
            Self::Installation => "Installazione e alimentazione",
            Self::Administration => "Gestione, contratti e riservatezza",
        }
    }

    /// The section's anchor in a page.
    #[must_use]
    pub const fn anchor(self) -> &'static str {
        match self {
            Self::Position => "posizione",
            Self::Identity => "identita",
            Self::Purpose => "scopo",
            Self::Apparatus => "apparecchio",
            Self::View => "inquadratura",
            Self::Transit => "transiti",
            Self::Connection => "collegamento",
            Self::Installation => "installazione",
            Self::Administration => "gestione",
        }
    }
}

/// One attribute of the device record.
#[derive(Debug)]
pub struct Attribute {
    /// The same value as an index.
    pub field: Field,
    /// Its one spelling: form field, CSV header, GeoJSON property, storage column, finding.
    pub name: &'static str,
    /// What people read beside the field.
    pub label: &'static str,
    /// Its name in shapefiles and in the PostGIS layer, at most ten characters.
    pub short: &'static str,
    /// When it must be known.
    pub need: Need,
    /// Where the form has it.
    pub section: Section,
    /// What may stand in it.
    pub kind: Kind,
    /// A sentence under the field that says what is wanted; empty where the label is enough.
    pub help: &'static str,
    /// Other headers understood in files, already folded (lower case, no accents, words separated
    /// by one space).
    pub synonyms: &'static [&'static str],
}

macro_rules! terms {
    ($($name:ident { $($code:literal $label:literal [$($synonym:literal)*])* })*) => {
        $(static $name: &[Term] = &[
            $(Term { code: $code, label: $label, synonyms: &[$($synonym),*] },)*
            Term { code: UNKNOWN, label: "Non noto", synonyms: UNKNOWN_SPELLINGS },
        ];)*
    };
}

static UNKNOWN_SPELLINGS: &[&str] = &[
    "non noto",
    "non nota",
    "non so",
    "sconosciuto",
    "sconosciuta",
    "nd",
    "n d",
    "n/d",
    "n.d.",
    "n.d",
    "unknown",
    "?",
    "da verificare",
    "non disponibile",
    "non rilevato",
    "non rilevata",
    "da rilevare",
    "da definire",
    "ignoto",
    "non conosciuto",
];

terms! {
    FUNZIONE {
        "lettura_targhe" "Lettura targhe" ["lettura targhe" "targhe" "ocr" "anpr" "lpr" "lettore targhe" "telecamera ocr" "varco" "telecamera lettura targhe" "varco lettura targhe" "targa" "lettura targa" "lettore targhe anpr" "lettore targhe ocr" "lettore di targhe" "lettori targhe" "lettura targhe ocr" "lettura targhe anpr" "telecamera anpr" "telecamera lpr" "telecamera targhe" "telecamera per lettura targhe" "varco elettronico" "varchi elettronici" "varco ocr" "varco targhe" "varco anpr" "portale ocr" "lettura ocr" "riconoscimento targhe" "telecamere ocr" "ocr anpr" "alpr" "license plate" "license plate recognition" "plate reader" "ocr targhe"]
        "contesto" "Contesto" ["telecamera di contesto" "panoramica" "telecamera contesto" "camera di contesto" "ripresa di contesto" "context" "overview"]
        "osservazione" "Osservazione" ["videosorveglianza" "tvcc" "cctv" "sorveglianza" "telecamera di osservazione" "telecamera osservazione" "telecamera videosorveglianza" "telecamera di videosorveglianza" "controllo del territorio" "sicurezza urbana" "monitoraggio" "videocontrollo" "telecamera tvcc" "surveillance" "video surveillance"]
        "ibrida" "Ibrida (targhe e contesto)" ["ibrido" "mista" "misto" "targhe e contesto" "contesto e targhe" "ocr e contesto" "contesto e ocr" "ocr contesto" "lettura targhe e contesto" "hybrid"]
        "ztl" "Varco ZTL" ["varco ztl" "zona traffico limitato" "area c" "area b" "accesso ztl" "varchi ztl" "telecamera ztl" "zona a traffico limitato"]
        "velocita" "Velocità" ["autovelox" "velox" "tutor" "controllo velocita" "misura velocita" "rilevatore velocita" "rilevatore di velocita" "rilevamento velocita" "autovelox fisso" "speed" "speed camera"]
        "semaforo" "Semaforo" ["rosso semaforico" "photored" "t red" "semaforica" "passaggio col rosso" "semaforico" "rosso" "red light" "infrazioni semaforiche"]
        "ambientale" "Ambientale" ["fototrappola" "foto trappola" "rifiuti" "abbandono rifiuti" "fototrappole" "foto trappole" "controllo rifiuti" "trail camera"]
        "altro" "Altro" ["altra" "other"]
    }
    FORMA {
        "bullet" "Bullet (a proiettile)" ["a proiettile" "proiettile" "cilindrica" "bullet ip" "bullet camera" "telecamera bullet" "tubolare"]
        "dome" "Dome (a cupola)" ["cupola" "minidome" "mini dome" "dome fissa" "dome camera" "dome ip" "telecamera dome" "cupola fissa"]
        "ptz" "PTZ (brandeggiabile)" ["speed dome" "speeddome" "brandeggiabile" "motorizzata" "dome ptz" "ptz dome" "telecamera ptz" "brandeggio" "rotante" "pan tilt zoom" "dome brandeggiabile"]
        "fisheye" "Fisheye (360°)" ["fish eye" "360" "panoramica 360" "occhio di pesce" "360°" "360 gradi"]
        "multiottica" "Multiottica" ["multi ottica" "multisensore" "multi sensore" "multi sensor" "multisensor" "multi lens" "multiobiettivo"]
        "termica" "Termica" ["termocamera" "thermal" "termografica" "thermal camera"]
        "box" "Box" ["corpo camera" "box camera" "telecamera box"]
        "altro" "Altro" ["altra" "other"]
    }
    INSTALLAZIONE {
        "fissa" "Fissa" ["fisso" "fixed" "stabile" "fissi" "fisse" "postazione fissa" "telecamera fissa" "permanente" "statica" "static"]
        "ricollocabile" "Ricollocabile" ["riposizionabile" "spostabile" "relocatable" "rilocabile" "trasportabile"]
        "mobile" "Mobile" ["su veicolo" "veicolare" "mobili" "a bordo veicolo" "su auto" "su automezzo"]
    }
    STATO {
        "progettato" "Progettato" ["in progetto" "progetto" "previsto" "da installare" "in progettazione" "pianificato" "pianificata" "programmato" "planned" "da realizzare"]
        "finanziato" "Finanziato" ["finanziata"]
        "in_installazione" "In installazione" ["in installazione" "in corso di installazione" "in posa" "in fase di installazione" "in allestimento" "in realizzazione" "in corso di realizzazione"]
        "in_esercizio" "In esercizio" ["in esercizio" "attivo" "attiva" "funzionante" "operativo" "operativa" "in funzione" "esercizio" "active" "ok" "on" "funziona" "in uso" "in servizio" "online" "on line" "acceso" "accesa" "operante" "working"]
        "guasto" "Guasto" ["guasta" "rotto" "non funzionante" "fuori servizio" "ko" "da riparare" "in riparazione" "in guasto" "avaria" "in avaria" "malfunzionante" "non funziona" "danneggiato" "danneggiata" "vandalizzata" "fault" "faulty" "broken"]
        "sospeso" "Sospeso" ["sospesa" "spento" "spenta" "inattivo" "inattiva" "disattivato" "disattivata" "off" "suspended"]
        "dismesso" "Dismesso" ["dismessa" "rimosso" "rimossa" "eliminato" "eliminata" "smontato" "smontata" "removed" "decommissioned"]
    }
    SI_NO {
        "si" "Sì" ["s" "x" "1" "vero" "true" "yes" "y" "presente" "v" "✓" "✔" "☑" "on" "c'e"]
        "no" "No" ["n" "0" "falso" "false" "assente" "f" "✗" "✘" "☐" "off"]
    }
    OCR {
        "a_bordo" "A bordo" ["a bordo" "on board" "a bordo camera" "bordo" "onboard" "edge" "bordo camera" "in camera" "su camera" "integrato" "integrata"]
        "su_server" "Su server" ["su server" "server" "centrale" "server centrale" "lato server" "centralizzato" "centralizzata" "in centrale"]
        "nessuna" "Nessuna" ["no" "nessuno" "assente"]
    }
    DIREZIONE {
        "entrata" "Entrata" ["in entrata" "ingresso" "in ingresso" "in" "entrante" "verso centro" "verso il centro" "direzione centro" "entry"]
        "uscita" "Uscita" ["in uscita" "out" "uscente" "exit"]
        "bidirezionale" "Bidirezionale" ["entrambe" "entrata uscita" "entrata/uscita" "entrata e uscita" "in/out" "doppio senso" "entrambi" "entrambi i sensi" "bidirezionali" "due sensi" "ambo i sensi" "both"]
    }
    TRANSITO_DATI {
        "targa" "Targa" ["numero targa" "plate" "numero di targa" "license plate"]
        "data_ora" "Data e ora" ["data ora" "data e ora" "timestamp" "data/ora" "data" "ora" "data e ora del transito"]
        "varco" "Varco" ["id varco" "identificativo varco"]
        "direzione" "Direzione" ["senso di marcia" "verso" "direction"]
        "corsia" "Corsia" ["corsie" "lane"]
        "nazionalita" "Nazionalità della targa" ["nazione" "paese" "nazionalita targa" "country"]
        "classe" "Classe del veicolo" ["tipo veicolo" "categoria" "classe veicolo" "vehicle class"]
        "velocita" "Velocità" ["speed"]
        "affidabilita" "Affidabilità della lettura" ["confidenza" "score"]
    }
    TRANSITO_IMMAGINI {
        "nessuna" "Nessuna" ["no" "nessuno"]
        "targa" "Targa" ["solo targa" "immagine targa" "foto targa"]
        "targa_e_contesto" "Targa e contesto" ["targa e contesto" "targa contesto" "targa+contesto" "contesto e targa" "entrambe"]
    }
    PROTOCOLLI {
        "onvif" "ONVIF" ["onvif s" "onvif profile s" "onvif t" "onvif g" "onvif profile t" "onvif profile g" "onvif profilo s"]
        "rtsp" "RTSP" ["rtp" "rtsp rtp"]
        "ftp" "FTP" []
        "sftp" "SFTP" []
        "rest" "HTTP/REST" ["http rest" "http" "https" "api" "rest api" "json" "web api" "http https"]
        "soap" "SOAP (web service)" ["web service" "webservice" "xml" "ws"]
        "altro" "Altro" ["proprietario" "other"]
    }
    CONNETTIVITA {
        "fibra_metropolitana" "Fibra metropolitana" ["fibra metropolitana" "fibra cmm" "rete metropolitana"]
        "fibra" "Fibra" ["fibra ottica" "ftth" "fttc" "fiber" "fo" "f o" "fibra ottica ftth" "fibra ftth" "fibra fttc" "fttx" "fibra ottica dedicata" "fibra dedicata" "fibra proprietaria" "fibra comunale" "rete in fibra" "fibra spenta" "dark fiber" "fibre"]
        "radio" "Radio (Hiperlan)" ["hiperlan" "ponte radio" "wireless" "radio link" "link radio" "ponti radio" "collegamento radio" "hyperlan" "5 ghz"]
        "rete_mobile" "Rete mobile (4G/5G)" ["rete mobile" "4g" "5g" "lte" "sim" "umts" "3g" "4g/5g" "4g lte" "lte 4g" "5g lte" "router 4g" "router lte" "modem 4g" "sim dati" "sim 4g" "cellulare" "gsm" "gprs"]
        "xdsl" "xDSL" ["adsl" "vdsl" "dsl" "hdsl" "vdsl2" "linea adsl" "shdsl"]
        "wifi" "Wi-Fi" ["wi fi" "wlan"]
        "mpls" "MPLS" []
        "nessuna" "Nessuna" ["no" "nessuno" "non collegata" "assente" "stand alone" "isolata"]
    }
    SINCRONIZZAZIONE {
        "ntp" "NTP" ["sntp" "server ntp" "ntp server"]
        "gps" "GPS" ["gnss"]
        "manuale" "Manuale" ["a mano"]
        "nessuna" "Nessuna" ["no" "nessuno" "assente"]
    }
    ALIMENTAZIONE {
        "rete" "Rete elettrica" ["rete elettrica" "220v" "230v" "elettrica" "220" "230" "220 v" "230 v" "corrente" "corrente elettrica" "elettrico" "enel" "rete enel" "contatore"]
        "illuminazione_pubblica" "Illuminazione pubblica" ["illuminazione pubblica" "ip" "pubblica illuminazione" "rete ip" "da illuminazione pubblica" "rete illuminazione pubblica"]
        "solare" "Solare" ["fotovoltaico" "pannello solare" "fotovoltaica" "pannello fotovoltaico" "pannelli solari" "solar"]
        "poe" "PoE" ["power over ethernet" "poe+"]
        "batteria" "Batteria" ["batterie" "a batteria" "battery"]
    }
    SUPPORTO {
        "palo" "Palo" ["palo dedicato" "pole" "su palo" "a palo" "palina" "palo esistente" "palo nuovo" "palo proprio" "palo in acciaio"]
        "palo_illuminazione" "Palo dell’illuminazione" ["palo illuminazione" "palo ip" "palo della luce" "lampione" "palo luce" "palo illuminazione pubblica" "palo pubblica illuminazione" "palo della pubblica illuminazione" "su palo ip" "lamp post"]
        "semaforo" "Semaforo" ["palo semaforico" "su semaforo" "palo del semaforo" "impianto semaforico" "traffic light"]
        "parete" "Parete" ["muro" "facciata" "wall" "a parete" "a muro" "su parete" "su muro" "su facciata" "edificio" "su edificio" "staffa a muro" "staffa a parete"]
        "portale" "Portale" ["a portale" "su portale" "portale stradale" "gantry"]
        "tesata" "Tesata" ["fune" "su tesata" "su fune" "cavo"]
        "altro" "Altro" ["altra" "other"]
    }
    METODO {
        "gnss" "Rilievo GNSS (GPS)" ["gps" "rilievo" "gnss rtk" "rilievo gps" "rilievo gnss" "rilievo topografico" "rtk"]
        "mappa" "Punto sulla mappa" ["su mappa" "google maps" "ortofoto" "cartografia" "da mappa" "google" "google earth" "openstreetmap" "webgis" "gis"]
        "indirizzo" "Dall’indirizzo" ["geocodifica" "civico" "da indirizzo" "geocodificato" "geocoding" "dal civico" "numero civico"]
        "progetto" "Dal progetto" ["da progetto" "elaborati" "cad" "autocad" "dwg"]
    }
    STATO_SCNTT {
        "non_applicabile" "Non applicabile" ["non applicabile" "na" "n a" "n.a." "non previsto" "non pertinente"]
        "non_collegato" "Non collegato" ["non collegato" "no" "non collegata" "da collegare" "non connesso" "non connessa"]
        "predisposto" "Predisposto" ["predisposta" "predisposizione"]
        "in_collaudo" "In collaudo" ["in collaudo" "collaudo" "in test"]
        "collegato" "Collegato" ["collegata" "si" "attivo" "in esercizio" "connesso" "connessa" "in produzione"]
    }
    VISIBILITA {
        "riservato" "Riservato" ["riservata" "privato"]
        "enti" "Enti aderenti" ["enti aderenti"]
        "pubblico" "Pubblico" ["pubblica" "public"]
    }
}

/// Makers of cameras that Italian installations have, folded: a column of these is one of makes.
/// Any other make is as good; this list refuses nothing.
pub static MAKES: &[&str] = &[
    "acti",
    "aimetis",
    "arecont",
    "arecont vision",
    "avigilon",
    "axis",
    "axis communications",
    "basler",
    "bosch",
    "brickcom",
    "canon",
    "comelit",
    "dahua",
    "dahua technology",
    "dallmeier",
    "elan",
    "engine",
    "eurotech",
    "ezviz",
    "flir",
    "geovision",
    "grundig",
    "hanwha",
    "hanwha techwin",
    "hanwha vision",
    "hik vision",
    "hikvision",
    "honeywell",
    "i pro",
    "ipro",
    "jenoptik",
    "kapsch",
    "kapsch trafficcom",
    "lector vision",
    "leonardo",
    "milesight",
    "mobotix",
    "neural labs",
    "panasonic",
    "panasonic/i pro",
    "pelco",
    "project automation",
    "provision",
    "provision isr",
    "reolink",
    "safer place",
    "samsung",
    "samsung techwin",
    "selea",
    "siqura",
    "sony",
    "sunell",
    "swarco",
    "tattile",
    "tiandy",
    "tkh",
    "tp link",
    "tvt",
    "ubiquiti",
    "uniview",
    "urmet",
    "vaxtor",
    "verint",
    "videotec",
    "vigilate",
    "vivotek",
];

macro_rules! attributes {
    ($($field:ident $name:literal $short:literal $label:literal $need:ident $section:ident
       $kind:expr, $help:literal [$($synonym:literal)*];)*) => {
        /// An attribute of the device record, in the order of the record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Field {
            $(#[doc = $label] $field,)*
        }

        /// Every attribute of the device record, in the order of [`Field`].
        pub static ATTRIBUTES: &[Attribute] = &[$(Attribute {
            field: Field::$field,
            name: $name,
            label: $label,
            short: $short,
            need: Need::$need,
            section: Section::$section,
            kind: $kind,
            help: $help,
            synonyms: &[$($synonym),*],
        },)*];

        impl Field {
            /// Every field, in the order of the record.
            pub const ALL: &'static [Self] = &[$(Self::$field,)*];

            /// How many attributes the record has.
            pub const COUNT: usize = Self::ALL.len();

            /// The attribute's one spelling.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)* }
            }
        }
    };
}

attributes! {
    Codice "codice" "CODICE" "Codice dell’ente" Save Identity Kind::Text(64),
        "Il codice con cui il vostro ente chiama questo dispositivo: serve ad aggiornarlo da un foglio di calcolo."
        ["code" "id" "cod" "codice dispositivo" "codice telecamera" "id dispositivo" "id telecamera" "identificativo" "sigla" "codice ente" "numero" "n" "id amat" "id varco" "codice varco" "nr" "n ro" "num" "numero telecamera" "n telecamera" "id impianto" "codice impianto" "codice univoco" "codice identificativo" "codice camera" "id camera" "camera id" "device id" "progressivo" "progr" "prog" "n progr" "n prog" "codice univoco dispositivo"];
    Ente "ente" "ENTE" "Ente" Save Identity Kind::Body,
        "Chi possiede o gestisce il dispositivo." ["body" "amministrazione" "titolare" "codice ente titolare" "ente titolare"];
    Comune "comune" "COMUNE" "Comune" Save Identity Kind::Municipality,
        "Se lo lasciate vuoto lo ricaviamo dalla posizione." ["municipality" "istat" "codice istat" "citta" "pro com t" "cod istat" "nome comune" "comune di installazione" "codice comune" "city"];
    Denominazione "denominazione" "DENOM" "Denominazione" Submit Identity Kind::Text(160),
        "Un nome che si riconosce, per esempio «Rotonda via Roma, direzione centro»."
        ["nome" "name" "label" "descrizione" "etichetta" "nome telecamera" "nome dispositivo" "nome varco" "nome impianto" "nome camera" "titolo" "descrizione telecamera" "denominazione varco" "camera name" "device name" "description"];
    Sito "sito" "SITO" "Sito o varco" Optional Identity Kind::Site,
        "Il codice del luogo che raccoglie più dispositivi. Se non c’è ancora, lo creiamo."
        ["varco" "site" "postazione" "impianto" "codice sito" "sito o varco" "id sito" "nome sito"];
    Indirizzo "indirizzo" "INDIRIZZO" "Indirizzo" Submit Position Kind::Text(200),
        "Via e numero civico, o incrocio." ["via" "address" "ubicazione" "localizzazione" "luogo" "civico" "toponimo" "strada" "indirizzo completo" "indirizzo installazione" "luogo installazione" "via/piazza" "via e civico" "via e numero civico" "ubicazione telecamera" "street"];
    Lat "lat" "LAT" "Latitudine" Save Position Kind::Latitude,
        "" ["latitudine" "latitude" "lat y" "lat y 4326" "y" "coord y" "coordinata y" "lat wgs84" "nord" "northing" "gps lat" "latitudine gps" "lat nord" "lat n" "latitudine nord" "latitudine n" "coord n" "coord nord" "coordinata n" "coordinata nord" "coordinate n" "coordinate nord" "coordinate y" "coordinate lat" "coordinate latitudine" "coordinata latitudine" "north"];
    Lon "lon" "LON" "Longitudine" Save Position Kind::Longitude,
        "" ["longitudine" "longitude" "long" "lng" "long x" "long x 4326" "lon x" "x" "coord x" "coordinata x" "lon wgs84" "est" "easting" "gps lon" "gps long" "gps lng" "longitudine gps" "lon est" "lon e" "long est" "long e" "longitudine est" "longitudine e" "coord e" "coord est" "coordinata e" "coordinata est" "coordinate e" "coordinate est" "coordinate x" "coordinate lon" "coordinate long" "coordinate longitudine" "coordinata longitudine" "east"];
    MetodoPosizione "metodo_posizione" "METODO_POS" "Come è stata presa la posizione" Submit Position Kind::One(METODO),
        "" ["metodo" "metodo di rilievo" "fonte posizione" "metodo posizione"];
    PrecisioneM "precisione_m" "PRECIS_M" "Precisione (m)" Optional Position Kind::Decimal(0.0, 10_000.0),
        "Di quanti metri può sbagliare la posizione." ["precisione" "accuratezza" "accuracy"];
    Funzione "funzione" "FUNZIONE" "Funzione" Save Purpose Kind::One(FUNZIONE),
        "Che cosa fa, prima di tutto." ["tipo" "tipologia" "type" "tipo telecamera" "tipologia telecamera" "uso" "finalita" "scopo" "tipo apparato" "tipologia apparato" "tipo dispositivo" "tipologia dispositivo" "tipologia impianto"];
    Forma "forma" "FORMA" "Forma" Optional Apparatus Kind::One(FORMA),
        "" ["form" "tipo corpo" "formato" "housing" "tipo custodia" "tipologia corpo"];
    PuntiRipresa "punti_ripresa" "PUNTI_RIP" "Punti di ripresa" Optional View Kind::Integer(1, 64),
        "Quante inquadrature dà questo dispositivo: 1 per una telecamera semplice, di più per una multiottica."
        ["viste" "views" "ottiche" "numero ottiche" "n riprese"];
    Installazione "installazione" "INSTALLAZ" "Installazione" Submit Purpose Kind::One(INSTALLAZIONE),
        "" ["tipo installazione" "mobilita"];
    Stato "stato" "STATO" "Stato" Save Purpose Kind::One(STATO),
        "" ["state" "status" "stato dispositivo" "stato funzionamento" "condizione" "operativita" "stato attuale" "stato impianto" "stato telecamera" "stato operativo" "stato di funzionamento"];
    Marca "marca" "MARCA" "Marca" Submit Apparatus Kind::Text(80),
        "" ["brand" "produttore" "costruttore" "make" "manufacturer" "casa costruttrice" "fabbricante" "vendor" "marca telecamera"];
    Modello "modello" "MODELLO" "Modello" Submit Apparatus Kind::Text(80),
        "" ["model" "modello telecamera"];
    Matricola "matricola" "MATRICOLA" "Matricola" Optional Apparatus Kind::Text(80),
        "Il numero di serie." ["seriale" "numero di serie" "serial" "s/n" "sn" "serial number" "numero seriale" "codice seriale" "n serie" "serial no"];
    Firmware "firmware" "FIRMWARE" "Firmware" Optional Apparatus Kind::Text(80),
        "" ["versione firmware" "fw"];
    AnnoInstallazione "anno_installazione" "ANNO" "Anno di installazione" Optional Installation Kind::Year(1980),
        "" ["anno" "anno install" "year" "anno posa" "anno messa in opera"];
    RisoluzioneMp "risoluzione_mp" "RISOL_MP" "Risoluzione (megapixel)" Optional Apparatus Kind::Decimal(0.1, 200.0),
        "" ["risoluzione" "megapixel" "mp" "mpx" "resolution" "risoluzione megapixel"];
    IlluminatoreIr "illuminatore_ir" "IR" "Illuminatore a infrarossi" Optional Apparatus Kind::One(SI_NO),
        "" ["infrarossi" "illuminatore" "ir" "illuminatore infrarosso" "led ir" "faro ir"];
    Ocr "ocr" "OCR" "Lettura targhe (OCR)" SubmitReaders Transit Kind::One(OCR),
        "Dove viene riconosciuta la targa: nella telecamera, su un server, o in nessun posto."
        ["elaborazione ocr" "lettura targhe" "anpr" "ocr a bordo" "elaborazione"];
    Direzione "direzione" "DIREZIONE" "Direzione" Optional View Kind::One(DIREZIONE),
        "Il verso del traffico ripreso, rispetto al centro abitato." ["senso" "senso di marcia" "direction" "verso" "direzione di marcia" "direzione traffico"];
    Corsie "corsie" "CORSIE" "Corsie" Optional View Kind::Integer(1, 20),
        "" ["n corsie" "numero corsie" "lanes" "corsie coperte"];
    Azimut "azimut" "AZIMUT" "Azimut (gradi)" Optional View Kind::Integer(0, 359),
        "Verso dove guarda: gradi da nord in senso orario, da 0 a 359." ["azimuth" "orientamento" "heading" "direzione ripresa" "puntamento" "bearing"];
    Angolo "angolo" "ANGOLO" "Angolo di ripresa (gradi)" Optional View Kind::Decimal(1.0, 360.0),
        "" ["angolo di ripresa" "fov" "campo visivo" "apertura" "angolo di visione" "angolo visuale" "field of view"];
    PortataM "portata_m" "PORTATA_M" "Portata (m)" Optional View Kind::Decimal(0.0, 5_000.0),
        "" ["portata" "distanza utile" "range"];
    TransitoDati "transito_dati" "TRANS_DATI" "Dati del transito" Optional Transit Kind::Many(TRANSITO_DATI),
        "Che cosa viene registrato a ogni passaggio." ["dati transito" "dati del transito" "campi transito"];
    TransitoImmagini "transito_immagini" "TRANS_IMG" "Immagini del transito" Optional Transit Kind::One(TRANSITO_IMMAGINI),
        "" ["immagini" "immagini transito" "foto"];
    ListeNazionali "liste_nazionali" "LISTE" "Riceve liste nazionali e genera allarmi" Optional Transit Kind::One(SI_NO),
        "" ["liste" "allarmi" "black list" "blacklist" "liste e allarmi"];
    Software "software" "SOFTWARE" "Software di gestione" Submit Connection Kind::Software,
        "Il programma che riceve le immagini o i transiti." ["vms" "software di gestione" "piattaforma" "programma" "sw" "nome software" "applicativo"];
    SoftwareVersione "software_versione" "SW_VERS" "Versione del software" Optional Connection Kind::Text(60),
        "" ["versione" "version" "versione software" "sw versione"];
    Protocolli "protocolli" "PROTOCOLLI" "Protocolli" Optional Connection Kind::Many(PROTOCOLLI),
        "" ["protocollo" "protocols" "protocol"];
    Connettivita "connettivita" "CONNETT" "Connettività" Submit Connection Kind::One(CONNETTIVITA),
        "" ["connessione" "collegamento" "rete" "network" "tipo connessione" "trasmissione" "tipologia connessione" "tipo collegamento" "tipo rete"];
    Vpn "vpn" "VPN" "Rete privata (VPN)" Optional Connection Kind::One(SI_NO),
        "" ["rete privata"];
    Sincronizzazione "sincronizzazione" "SINCRON" "Sincronizzazione dell’orologio" Optional Connection Kind::One(SINCRONIZZAZIONE),
        "" ["orologio" "sincronizzazione oraria" "sync"];
    Cifratura "cifratura" "CIFRATURA" "Trasmissione cifrata" Optional Connection Kind::One(SI_NO),
        "" ["crittografia" "cifrata" "tls" "encryption"];
    Alimentazione "alimentazione" "ALIMENT" "Alimentazione" Optional Installation Kind::One(ALIMENTAZIONE),
        "" ["power" "alimentazione elettrica" "tipo alimentazione"];
    Supporto "supporto" "SUPPORTO" "Supporto" Optional Installation Kind::One(SUPPORTO),
        "" ["sostegno" "mount" "tipo supporto" "montaggio" "tipo palo" "tipo sostegno"];
    AltezzaM "altezza_m" "ALTEZZA_M" "Altezza da terra (m)" Optional Installation Kind::Decimal(0.0, 100.0),
        "" ["altezza" "height" "h" "quota da terra" "altezza installazione" "altezza palo"];
    StatoScntt "stato_scntt" "STATO_SCN" "Stato SCNTT" Submit Connection Kind::One(STATO_SCNTT),
        "Il collegamento con il sistema nazionale targhe e transiti." ["scntt" "collegamento scntt" "collegato scntt" "stato collegamento scntt"];
    Proprietario "proprietario" "PROPRIET" "Proprietario" Optional Administration Kind::Text(120),
        "" ["owner" "proprieta" "ente proprietario"];
    Gestore "gestore" "GESTORE" "Gestore" Optional Administration Kind::Text(120),
        "" ["manager" "gestione" "manutentore" "ditta manutentrice" "ente gestore"];
    Lotto "lotto" "LOTTO" "Lotto" Optional Administration Kind::Text(60),
        "" ["lot" "numero lotto"];
    Finanziamento "finanziamento" "FINANZ" "Finanziamento" Optional Administration Kind::Text(160),
        "" ["fondo" "bando" "funding" "fonte finanziamento" "fonte di finanziamento" "finanziato da"];
    Cup "cup" "CUP" "CUP" Optional Administration Kind::Text(15),
        "Il codice unico di progetto: 15 caratteri." ["codice cup" "codice unico di progetto"];
    DataAttivazione "data_attivazione" "ATTIVATO" "Data di attivazione" Optional Administration Kind::Date,
        "" ["attivazione" "attivato" "data attivazione" "attivo dal" "messa in esercizio" "data messa in esercizio" "in esercizio dal"];
    ManutenzioneScadenza "manutenzione_scadenza" "MANUT_SCAD" "Scadenza della manutenzione" Optional Administration Kind::Date,
        "" ["manutenzione" "scadenza manutenzione" "fine manutenzione" "scadenza contratto"];
    ConservazioneGiorni "conservazione_giorni" "CONSERV_GG" "Conservazione delle immagini (giorni)" Optional Administration Kind::Integer(0, 3_650),
        "" ["conservazione" "giorni conservazione" "retention" "data retention" "tempo di conservazione" "giorni di conservazione" "tempi di conservazione"];
    Informativa "informativa" "INFORMAT" "Informativa esposta" Optional Administration Kind::One(SI_NO),
        "" ["cartello" "cartelli" "informativa privacy" "cartello informativo" "cartelli informativi" "segnaletica"];
    Visibilita "visibilita" "VISIBILITA" "Visibilità" Optional Administration Kind::One(VISIBILITA),
        "Chi può vedere questo dispositivo. Se non dite nulla, è riservato." ["visibility" "riservatezza"];
    Note "note" "NOTE" "Note" Optional Administration Kind::Prose(2_000),
        "Niente indirizzi di rete, nomi utente o password." ["notes" "osservazioni" "commenti" "annotazioni" "annotazione" "nota" "note aggiuntive" "remarks" "comments"];
}

impl Field {
    /// The attribute this field stands for.
    #[must_use]
    pub fn attribute(self) -> &'static Attribute {
        ATTRIBUTES
            .get(self as usize)
            .unwrap_or_else(|| unreachable!("the table and the enumeration come from one macro"))
    }

    /// The field with this exact spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// Whether its value is one of, or several of, a closed list.
    #[must_use]
    pub fn terms(self) -> Option<&'static [Term]> {
        match self.attribute().kind {
            Kind::One(terms) | Kind::Many(terms) => Some(terms),
            _ => None,
        }
    }

    /// What people read for a stored value of this field: the term's label in a closed list, the
    /// value itself elsewhere.
    #[must_use]
    pub fn words(self, stored: &str) -> String {
        match self.attribute().kind {
            Kind::One(terms) => label(terms, stored).to_owned(),
            Kind::Many(terms) => stored
                .split(',')
                .map(|code| label(terms, code))
                .collect::<Vec<_>>()
                .join(", "),
            _ if stored == UNKNOWN => label(SI_NO, stored).to_owned(),
            _ => stored.to_owned(),
        }
    }
}

fn label<'a>(terms: &'static [Term], code: &'a str) -> &'a str {
    terms
        .iter()
        .find(|term| term.code == code)
        .map_or(code, |term| term.label)
}

/// The functions whose devices read plates, which have more to declare before they are submitted.
#[must_use]
pub fn reads_plates(funzione: &str) -> bool {
    matches!(funzione, "lettura_targhe" | "ibrida" | "ztl")
}

/// A text as it is compared: lower case, without accents, with every run of blanks, underscores
/// and hyphens as one space.
#[must_use]
pub fn fold(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    use unicode_normalization::char::is_combining_mark;
    let text = text.trim();
    let mut folded = String::with_capacity(text.len());
    let mut push = |letter: char| {
        if letter.is_whitespace() || matches!(letter, '_' | '-') {
            if !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if letter == '’' {
            folded.push('\'');
        } else {
            folded.push(letter);
        }
    };
    // Most texts have no accents to take apart, and lists are folded for every row of a file.
    if text.is_ascii() {
        text.chars()
            .for_each(|letter| push(letter.to_ascii_lowercase()));
    } else {
        text.nfd()
            .filter(|letter| !is_combining_mark(*letter))
            .flat_map(char::to_lowercase)
            .for_each(push);
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_short_name_fits_a_shapefile_and_is_unique() {
        let short: HashSet<_> = ATTRIBUTES.iter().map(|attribute| attribute.short).collect();
        assert_eq!(short.len(), Field::COUNT);
        assert!(
            ATTRIBUTES
                .iter()
                .all(|attribute| attribute.short.len() <= 10)
        );
    }

    #[test]
    fn every_synonym_is_already_folded() {
        for attribute in ATTRIBUTES {
            for synonym in attribute.synonyms {
                assert_eq!(
                    *synonym,
                    fold(synonym),
                    "header synonym of {}",
                    attribute.name
                );
            }
            for term in attribute.field.terms().unwrap_or_default() {
                for synonym in term.synonyms {
                    assert_eq!(*synonym, fold(synonym), "spelling in {}", attribute.name);
                }
            }
        }
    }

    #[test]
    fn a_field_indexes_its_own_attribute() {
        for field in Field::ALL {
            assert_eq!(field.attribute().field, *field);
            assert_eq!(Field::named(field.name()), Some(*field));
        }
    }

    #[test]
    fn not_known_has_its_words_in_free_text_too() {
        assert_eq!(Field::Marca.words(UNKNOWN), "Non noto");
        assert_eq!(Field::Stato.words(UNKNOWN), "Non noto");
        assert_eq!(Field::Marca.words("AXIS"), "AXIS");
    }

    #[test]
    fn folding_forgets_case_accents_and_separators() {
        assert_eq!(
            fold("  Velocità_MASSIMA  - media "),
            "velocita massima media"
        );
    }
}
