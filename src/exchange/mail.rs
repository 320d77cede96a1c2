//! Electronic mail out: one message to one person through the server that the operator configured.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::time::{Duration, SystemTime};

/// How long a server may take for each of its answers.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server said no to this message: others may still go.
    #[error("il server della posta lo rifiuta: {0}")]
    Refused(String),
    /// The address or the text cannot be put into a message.
    #[error("il messaggio non si può comporre: {0}")]
    Malformed(String),
    /// The server cannot be reached or talked with: no other will go either.
    #[error("il server della posta non risponde come dovrebbe: {0}")]
    Unreachable(String),
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address it goes to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// How the way to the server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Safety {
    /// The conversation begins in clear and must then be encrypted.
    #[default]
    StartTls,
    /// It is encrypted from its beginning.
    Tls,
    /// It is in clear: for a server on the same machine.
    Nothing,
}

/// The server that sends messages.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Its name or address; empty when none is configured.
    pub host: String,
    /// Its port, when it is not the usual one.
    pub port: Option<u16>,
    /// How the way there is protected.
    pub safety: Safety,
    /// The account on it; may be empty.
    pub user: String,
    /// Its password.
    pub password: String,
    /// The address that messages come from.
    pub sender: String,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Server")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("safety", &self.safety)
            .field("user", &self.user)
            .field("sender", &self.sender)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// The port, or the usual one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.safety {
            Safety::StartTls => 587,
            Safety::Tls => 465,
            Safety::Nothing => 25,
        })
    }
}

/// What sends messages.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Mailbox,
}

impl Mailer {
    /// What sends messages through this server; nothing is asked of it yet.
    pub fn new(server: &Server) -> Result<Self, Error> {
        let tls = || TlsParameters::new(server.host.clone()).map_err(malformed);
        let tls = match server.safety {
            Safety::StartTls => Tls::Required(tls()?),
            Safety::Tls => Tls::Wrapper(tls()?),
            Safety::Nothing => Tls::None,
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.host.clone())
                .port(server.port())
                .tls(tls)
                .timeout(Some(PATIENCE));
        if !server.user.is_empty() {
            let (user, password) = (server.user.clone(), server.password.clone());
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self {
            transport: builder.build(),
            sender: parsed(&server.sender)?,
        })
    }

    /// Sends one message, dated so long after 1970-01-01 UTC.
    pub async fn send(&self, letter: &Letter, since: Duration) -> Result<(), Error> {
        let message = Message::builder()
            .from(self.sender.clone())
            .to(parsed(&letter.to)?)
            .subject(letter.subject.clone())
            .date(SystemTime::UNIX_EPOCH + since)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(malformed)?;
        match self.transport.send(message).await {
            Ok(_taken) => Ok(()),
            Err(error) if error.is_permanent() || error.is_transient() => {
                Err(Error::Refused(error.to_string()))
            }
            Err(error) => Err(Error::Unreachable(error.to_string())),
        }
    }
}

fn parsed(address: &str) -> Result<Mailbox, Error> {
    address.parse().map_err(malformed)
}

fn malformed(error: impl std::fmt::Display) -> Error {
    Error::Malformed(error.to_string())
}
