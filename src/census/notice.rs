//! What people are told of their devices. Many of one kind about one body are one notice that counts.

use crate::clock::Instant;
use uuid::Uuid;

/// What kind of thing somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Devices were sent back.
    SentBack,
    /// Devices were accepted.
    Accepted,
    /// A declaration is asked for.
    Due,
    /// Somebody else changed devices of theirs.
    Changed,
    /// Somebody said something.
    Message,
    /// Devices were accepted but for some attributes.
    AcceptedInPart,
    /// Devices of theirs stand for devices of another body, or no longer do.
    Merged,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::SentBack,
        Self::Accepted,
        Self::Due,
        Self::Changed,
        Self::Message,
        Self::AcceptedInPart,
        Self::Merged,
    ];

    /// The stored spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SentBack => "rimandato",
            Self::Accepted => "convalidato",
            Self::Due => "scadenza",
            Self::Changed => "modificato",
            Self::Message => "messaggio",
            Self::AcceptedInPart => "convalidato_in_parte",
            Self::Merged => "unione",
        }
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SentBack => "Da correggere",
            Self::Accepted => "Convalidato",
            Self::Due => "Scadenza",
            Self::Changed => "Modificato da altri",
            Self::Message => "Messaggio",
            Self::AcceptedInPart => "Convalidato in parte",
            Self::Merged => "Doppioni",
        }
    }

    /// The kind with this spelling.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its identifier.
    pub id: Uuid,
    /// The account of who is told.
    pub account: String,
    /// The body it is about.
    pub body: String,
    /// What kind of thing.
    pub kind: Kind,
    /// When; of several, the last.
    pub at: Instant,
    /// The account of who did it; of several, the last.
    pub author: String,
    /// How many devices it is about.
    pub devices: i64,
    /// The device, when it is about one.
    pub device: Option<Uuid>,
    /// The code of the device, or a whole sentence: what there is to say of the last one.
    pub text: String,
    /// When it was read.
    pub read_at: Option<Instant>,
}

impl Notice {
    /// What happened, in words, without the name of the body.
    #[must_use]
    pub fn words(&self) -> String {
        let Self {
            text,
            author,
            devices,
            ..
        } = self;
        let one = *devices == 1;
        match self.kind {
            Kind::SentBack if one => {
                format!("Il dispositivo {text} è stato rimandato: correggetelo.")
            }
            Kind::SentBack => format!("{devices} dispositivi sono stati rimandati: correggeteli."),
            Kind::Accepted if one => format!("Il dispositivo {text} è stato convalidato."),
            Kind::Accepted => format!("{devices} dispositivi sono stati convalidati."),
            Kind::AcceptedInPart if one => {
                format!("Il dispositivo {text} è stato convalidato in parte: guardate i motivi.")
            }
            Kind::AcceptedInPart => {
                format!("{devices} dispositivi sono stati convalidati in parte: guardate i motivi.")
            }
            Kind::Due => text.clone(),
            Kind::Message if self.device.is_some() => {
                format!("{author} ha scritto un messaggio sul dispositivo {text}.")
            }
            Kind::Message if *devices == 0 => {
                format!("{author} ha scritto un messaggio sul censimento dell’ente.")
            }
            Kind::Message => {
                format!(
                    "Ci sono messaggi nuovi sul censimento e sui dispositivi, l’ultimo di {author}."
                )
            }
            Kind::Merged if one => text.clone(),
            Kind::Merged => {
                format!("Di {devices} dispositivi è cambiato se valgono per due enti. {text}")
            }
            Kind::Changed if one => format!("{author} ha modificato il dispositivo {text}."),
            Kind::Changed => {
                format!("Altri hanno modificato {devices} dispositivi, per ultimo {author}.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_device_is_named_and_many_are_counted() {
        let mut notice = Notice {
            id: Uuid::nil(),
            account: "comandante".to_owned(),
            body: "015146".to_owned(),
            kind: Kind::Accepted,
            at: 0,
            author: "revisore".to_owned(),
            devices: 1,
            device: Some(Uuid::nil()),
            text: "T-1".to_owned(),
            read_at: None,
        };
        assert_eq!(notice.words(), "Il dispositivo T-1 è stato convalidato.");
        notice.devices = 2_000;
        assert_eq!(notice.words(), "2000 dispositivi sono stati convalidati.");
        notice.kind = Kind::Due;
        assert_eq!(notice.words(), "T-1");
    }
}
