//! What an operator may configure: a file of settings, then environment variables over it.
//!
//! An unknown setting stops the start and is named with the nearest known one. To add one: a field,
//! a line in [`KNOWN`], a line in `docs/settings.md`. Enforced by `tests/it/documentation.rs`.

use crate::census::filter::nearest;
use crate::exchange::mail::{Safety, Server};
use std::path::Path;

/// Every setting: its name in the file (`VARCO_` and upper case in the environment), what it means.
pub const KNOWN: [(&str, &str); 16] = [
    (
        "database",
        "l’indirizzo del database: sqlite://FILE oppure postgres://UTENTE@SERVER/NOME",
    ),
    (
        "listen",
        "l’indirizzo e la porta su cui ascoltare, per esempio 127.0.0.1:8080",
    ),
    (
        "installation",
        "il nome in testa a ogni pagina; senza, quello dell’ente che coordina",
    ),
    (
        "https",
        "«si» quando le persone arrivano per HTTPS: i cookie viaggiano solo così",
    ),
    (
        "behind_proxy",
        "«si» quando davanti c’è un proxy che aggiunge X-Forwarded-For",
    ),
    (
        "upload_mb",
        "la grandezza massima di un file da importare, in megabyte",
    ),
    (
        "document_mb",
        "la grandezza massima di un documento allegato a un atto, in megabyte",
    ),
    (
        "map_layers",
        "sfondi per la mappa, come elenco JSON di nome, indirizzo WMS o XYZ, attribuzione",
    ),
    (
        "smtp_server",
        "il nome o l’indirizzo del server della posta; senza, i solleciti si mandano a mano",
    ),
    (
        "smtp_port",
        "la porta del server della posta, un numero da 1 a 65535",
    ),
    (
        "smtp_safety",
        "«starttls», «tls» oppure «nessuna», solo per un server sulla stessa macchina",
    ),
    ("smtp_user", "il nome utente per il server della posta"),
    ("smtp_password", "la password per il server della posta"),
    (
        "smtp_password_file",
        "il file con la password per il server della posta, leggibile",
    ),
    (
        "smtp_sender",
        "l’indirizzo da cui partono i messaggi, per esempio Censimento <censimento@esempio.it>",
    ),
    (
        "log",
        "che cosa scrivere nel registro del programma, per esempio «info» o «varco=debug»",
    ),
];

/// A background for the map, from a server that the operator trusts with where people look.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MapLayer {
    /// What people choose it by.
    pub name: String,
    /// Addresses of its images, with `{z}`, `{x}`, `{y}` or `{bbox-epsg-3857}`.
    pub tiles: Vec<String>,
    /// Whose it is, shown on the map.
    #[serde(default)]
    pub attribution: String,
    /// Width of an image in pixels.
    #[serde(default = "MapLayer::usual_size")]
    pub tile_size: u16,
}

impl MapLayer {
    const fn usual_size() -> u16 {
        256
    }

    /// The servers its images come from, as a content policy names them.
    #[must_use]
    pub fn servers(&self) -> Vec<String> {
        let server = |address: &String| {
            let (scheme, rest) = address.split_once("://")?;
            let host = rest.split('/').next()?;
            let plain = !host.is_empty()
                && host
                    .chars()
                    .all(|one| one.is_ascii_alphanumeric() || "-.:".contains(one));
            (matches!(scheme, "https" | "http") && plain).then(|| format!("{scheme}://{host}"))
        };
        self.tiles.iter().filter_map(server).collect()
    }
}

/// What an operator configured, with the defaults of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Address of the database.
    pub database: String,
    /// Address and port to listen on.
    pub listen: String,
    /// Name of the installation; empty for that of the coordinating body.
    pub installation: String,
    /// Whether people come through HTTPS.
    pub https: bool,
    /// Whether a proxy that adds `X-Forwarded-For` stands in front.
    pub behind_proxy: bool,
    /// Largest file to import, in bytes.
    pub upload_bytes: u64,
    /// Largest document behind an act, in bytes.
    pub document_bytes: u64,
    /// Backgrounds for the map.
    pub map_layers: Vec<MapLayer>,
    /// The server of the mail.
    pub smtp: Server,
    /// What to log.
    pub log: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: "sqlite://varco.db".to_owned(),
            listen: "127.0.0.1:8080".to_owned(),
            installation: String::new(),
            https: false,
            behind_proxy: false,
            upload_bytes: 100 * 1_048_576,
            document_bytes: 20 * 1_048_576,
            map_layers: Vec::new(),
            smtp: Server::default(),
            log: "info".to_owned(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is called that.
    #[error("{place}: l’impostazione «{name}» non esiste{}", nearest.map(|near| format!(": forse intendevate «{near}»?")).unwrap_or_default())]
    Unknown {
        /// Where it was found.
        place: String,
        /// As written.
        name: String,
        /// What was perhaps meant.
        nearest: Option<&'static str>,
    },
    /// The value does not fit.
    #[error("{place}: l’impostazione «{name}» non può valere «{value}»: {wanted}")]
    Value {
        /// Where it was found.
        place: String,
        /// Which one.
        name: String,
        /// As written.
        value: String,
        /// What is wanted.
        wanted: &'static str,
    },
    /// The file cannot be read.
    #[error("il file delle impostazioni {path} non si legge: {cause}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        cause: String,
    },
}

impl Settings {
    /// The settings of the file, if there is one, with those of the environment over them. Variables
    /// that begin with `VARCO_` are all taken for settings, except those for tests.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut settings = Self::default();
        if let Some(path) = file {
            let place = path.display().to_string();
            let unreadable = |cause: String| Error::File {
                path: place.clone(),
                cause,
            };
            let text = std::fs::read_to_string(path).map_err(|e| unreadable(e.to_string()))?;
            let table: toml::Table = text
                .parse()
                .map_err(|e: toml::de::Error| unreadable(e.to_string()))?;
            for (name, value) in &table {
                let text = match value {
                    toml::Value::String(text) => text.clone(),
                    toml::Value::Boolean(flag) => (if *flag { "si" } else { "no" }).to_owned(),
                    other => other.to_string(),
                };
                settings.take(&place, name, &text)?;
            }
        }
        for (variable, value) in environment {
            if let Some(name) = variable.strip_prefix("VARCO_")
                && !matches!(name, "CONFIG" | "REGENERATE")
                && !name.starts_with("TEST_")
            {
                settings.take(
                    &format!("ambiente, {variable}"),
                    &name.to_lowercase(),
                    &value,
                )?;
            }
        }
        settings.agree()?;
        Ok(settings)
    }

    /// Refuses settings of the mail that make no sense together.
    fn agree(&self) -> Result<(), Error> {
        let refused = |name: &str, value: &str, wanted| Error::Value {
            place: "impostazioni della posta".to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            wanted,
        };
        let smtp = &self.smtp;
        if !smtp.host.is_empty() && smtp.sender.is_empty() {
            return Err(refused(
                "smtp_sender",
                "",
                "con «smtp_server» serve l’indirizzo da cui partono i messaggi",
            ));
        }
        if smtp.safety == Safety::Nothing && !smtp.user.is_empty() {
            return Err(refused(
                "smtp_safety",
                "nessuna",
                "con «smtp_user» la password viaggerebbe in chiaro",
            ));
        }
        Ok(())
    }

    fn take(&mut self, place: &str, name: &str, value: &str) -> Result<(), Error> {
        let Some((_, wanted)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            let names = KNOWN.map(|(known, _)| known);
            return Err(Error::Unknown {
                place: place.to_owned(),
                name: name.to_owned(),
                nearest: nearest(name, &names),
            });
        };
        let refused = || Error::Value {
            place: place.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            wanted,
        };
        let flag = || match value {
            "si" | "sì" | "true" | "1" => Ok(true),
            "no" | "false" | "0" => Ok(false),
            _ => Err(refused()),
        };
        let megabytes = || {
            let number: Option<u64> = value.parse().ok();
            number
                .and_then(|number| number.checked_mul(1_048_576))
                .ok_or_else(refused)
        };
        match name {
            "database" => value.clone_into(&mut self.database),
            "listen" => value.clone_into(&mut self.listen),
            "installation" => value.clone_into(&mut self.installation),
            "https" => self.https = flag()?,
            "behind_proxy" => self.behind_proxy = flag()?,
            "upload_mb" => self.upload_bytes = megabytes()?,
            "document_mb" => self.document_bytes = megabytes()?,
            "map_layers" => {
                let layers: Vec<MapLayer> =
                    serde_json::from_str(value).map_err(|_shape| refused())?;
                if layers
                    .iter()
                    .any(|layer| layer.servers().len() < layer.tiles.len())
                {
                    return Err(refused());
                }
                self.map_layers = layers;
            }
            "smtp_server" => value.clone_into(&mut self.smtp.host),
            "smtp_port" => {
                let port = value.parse().ok().filter(|port| *port > 0);
                self.smtp.port = Some(port.ok_or_else(refused)?);
            }
            "smtp_safety" => {
                self.smtp.safety = match value {
                    "starttls" => Safety::StartTls,
                    "tls" => Safety::Tls,
                    "nessuna" => Safety::Nothing,
                    _ => return Err(refused()),
                };
            }
            "smtp_user" => value.clone_into(&mut self.smtp.user),
            "smtp_password" => value.clone_into(&mut self.smtp.password),
            "smtp_password_file" => {
                let text = std::fs::read_to_string(value).map_err(|error| Error::File {
                    path: value.to_owned(),
                    cause: error.to_string(),
                })?;
                text.trim_end_matches(['\r', '\n'])
                    .clone_into(&mut self.smtp.password);
            }
            "smtp_sender" => {
                if !value.contains('@') {
                    return Err(refused());
                }
                value.clone_into(&mut self.smtp.sender);
            }
            _ => value.clone_into(&mut self.log),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Settings, Error> {
        let pairs = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(None, pairs.collect::<Vec<_>>().into_iter())
    }

    #[test]
    fn an_unknown_setting_stops_the_start_and_names_the_nearest() {
        let error = from(&[("VARCO_DATABSE", "x")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "ambiente, VARCO_DATABSE: l’impostazione «databse» non esiste: forse intendevate «database»?"
        );
    }

    #[test]
    fn a_background_of_the_map_is_understood_or_refused() {
        let layer = r#"[{"name": "Ortofoto", "tiles": ["https://mappe.example/{z}/{x}/{y}.png"]}]"#;
        let settings = from(&[("VARCO_MAP_LAYERS", layer)]).unwrap();
        assert_eq!(settings.map_layers[0].servers(), ["https://mappe.example"]);
        let hostile = r#"[{"name": "x", "tiles": ["https://a;script-src *"]}]"#;
        assert!(from(&[("VARCO_MAP_LAYERS", hostile)]).is_err());
        assert!(from(&[("VARCO_MAP_LAYERS", "[1]")]).is_err());
    }

    #[test]
    fn settings_of_the_mail_that_make_no_sense_together_stop_the_start() {
        let server = ("VARCO_SMTP_SERVER", "posta.example");
        assert!(from(&[server]).is_err());
        let sender = ("VARCO_SMTP_SENDER", "Censimento <censimento@posta.example>");
        let settings = from(&[server, sender]).unwrap();
        assert_eq!(settings.smtp.port(), 587);
        let clear = ("VARCO_SMTP_SAFETY", "nessuna");
        assert_eq!(from(&[server, sender, clear]).unwrap().smtp.port(), 25);
        assert!(from(&[server, sender, clear, ("VARCO_SMTP_USER", "x")]).is_err());
        assert!(from(&[("VARCO_SMTP_PORT", "0")]).is_err());
        let secret = from(&[server, sender, ("VARCO_SMTP_PASSWORD", "molto segreta")]).unwrap();
        assert!(!format!("{secret:?}").contains("segreta"));
    }

    #[test]
    fn the_environment_wins_over_the_defaults() {
        let settings = from(&[
            ("VARCO_UPLOAD_MB", "3"),
            ("VARCO_DOCUMENT_MB", "2"),
            ("VARCO_HTTPS", "si"),
            ("HOME", "x"),
        ])
        .unwrap();
        assert_eq!(settings.upload_bytes, 3 * 1_048_576);
        assert_eq!(settings.document_bytes, 2 * 1_048_576);
        assert!(settings.https);
        assert!(from(&[("VARCO_HTTPS", "forse")]).is_err());
    }
}
