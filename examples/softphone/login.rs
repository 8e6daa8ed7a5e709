//! Logging in with the system's browser, and the file that keeps what that gave.

use crate::args::{LoginArgs, ServiceArgs};
use crate::identity;
use crate::interrupt::Interrupts;
use crate::outcome::{Failure, Outcome};
use crate::report::{Ending, Report, Ui};
use serde_json::{json, Value};
use signalwire_client::{
    Client, Credentials, Error, ErrorKind, OAuth, OAuthConfig, OAuthTokens, Secret, TokenStore,
};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens the browser, waits until it comes back, and keeps the tokens.
pub async fn login(
    args: &LoginArgs,
    service: &ServiceArgs,
    ui: &mut dyn Ui,
    interrupts: &mut Interrupts,
) -> Result<Ending, Failure> {
    let client_id = identity::given(&args.client_id).ok_or_else(|| {
        Failure::usage("login needs --client-id or SW_CLIENT_ID; SignalWire's support issues it")
    })?;
    let settings = Settings {
        client_id,
        redirect_uri: args.redirect_uri.clone(),
        authorize_url: identity::given(&args.authorize_url),
        token_url: identity::given(&args.token_url),
    };
    let store = FileStore::new(file(service)?, settings);
    let oauth = store.oauth(service)?;
    let login = oauth.begin_loopback()?;
    ui.report(&Report::LoginPage { url: login.authorize_url() });
    if !args.no_browser {
        open(login.authorize_url(), ui);
    }
    let tokens = tokio::select! {
        tokens = login.finish(args.timeout) => tokens?,
        () = interrupts.next() => return Err(Failure::interrupted()),
    };
    store.save(&tokens.to_text())?;
    let mut options = identity::service_options(service)?;
    options.token = tokens.access_token.expose().to_owned();
    let subscriber = Client::new(options)?.subscriber_info().await?;
    ui.report(&Report::LoggedIn { file: &store.file });
    ui.report(&Report::Subscriber(&subscriber));
    Ok(Ending::Done)
}

/// Without a browser the URL on the screen is enough.
fn open(url: &str, ui: &mut dyn Ui) {
    if let Err(error) = open::that_detached(url) {
        let failure = Failure::new(Outcome::Other, format!("no browser could be opened: {error}"));
        ui.report(&Report::Error { command: None, failure: &failure });
    }
}

/// Forgets the tokens; the browser may still be logged in.
pub fn logout(service: &ServiceArgs) -> Result<Ending, Failure> {
    FileStore::new(file(service)?, Settings::default()).clear()?;
    Ok(Ending::Done)
}

/// The credentials of an earlier login, if there was one.
pub fn credentials(service: &ServiceArgs) -> Result<Option<Credentials>, Failure> {
    let Some(store) = FileStore::open(file(service)?)? else { return Ok(None) };
    let oauth = store.oauth(service)?;
    Ok(Some(Credentials::oauth(oauth, Arc::new(store))))
}

/// `--login-file`, else a file among the program's own state.
fn file(service: &ServiceArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = service.login_file.as_ref().filter(|file| !file.is_empty()) {
        return Ok(PathBuf::from(file));
    }
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let state = folder("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| folder("HOME").map(|home| PathBuf::from(home).join(".local/state")))
        .or_else(|| folder("LOCALAPPDATA").map(PathBuf::from))
        .ok_or_else(|| Failure::usage("there is no home folder: name a file with --login-file"))?;
    Ok(state.join("signalwire-softphone").join("login.json"))
}

/// Where the login was done; it must be renewed there.
#[derive(Clone, Default)]
struct Settings {
    client_id: String,
    redirect_uri: String,
    authorize_url: Option<String>,
    token_url: Option<String>,
}

/// Tokens in a file that only its owner can read.
struct FileStore {
    file: PathBuf,
    settings: Settings,
}

impl FileStore {
    fn new(file: PathBuf, settings: Settings) -> Self {
        Self { file, settings }
    }

    /// The store of an earlier login; `None` without one.
    fn open(file: PathBuf) -> Result<Option<Self>, Failure> {
        let Some(kept) = read(&file)? else { return Ok(None) };
        let text = |key: &str| kept[key].as_str().map(str::to_owned);
        let settings = Settings {
            client_id: text("client_id").unwrap_or_default(),
            redirect_uri: text("redirect_uri").unwrap_or_default(),
            authorize_url: text("authorize_url"),
            token_url: text("token_url"),
        };
        Ok(Some(Self::new(file, settings)))
    }

    fn oauth(&self, service: &ServiceArgs) -> Result<OAuth, Failure> {
        let settings = self.settings.clone();
        let mut config = OAuthConfig::signalwire(settings.client_id, settings.redirect_uri);
        config.authorize_url = settings.authorize_url;
        config.token_url = settings.token_url;
        config.ca_certificates_pem = identity::ca_pem(service)?;
        Ok(OAuth::new(config)?)
    }

    fn failed(&self, what: &str, cause: &std::io::Error) -> Error {
        let text = format!("{}: {what}: {cause}", self.file.display());
        Error::new(ErrorKind::InvalidState, text)
    }

    /// A new file with the right permissions takes the place of the old one, so that a crash leaves
    /// one of the two whole.
    fn replace(&self, text: &str) -> std::io::Result<()> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            make_folder(folder)?;
        }
        let next = self.file.with_extension(format!("{}.new", std::process::id()));
        let written = write_new(&next, text).and_then(|()| std::fs::rename(&next, &self.file));
        if written.is_err() {
            let _ = std::fs::remove_file(&next);
        }
        written
    }
}

impl TokenStore for FileStore {
    fn load(&self) -> signalwire_client::Result<Option<Secret>> {
        let kept = read(&self.file)
            .map_err(|failure| Error::new(ErrorKind::InvalidState, failure.message))?;
        let Some(kept) = kept else { return Ok(None) };
        let text = kept["tokens"].to_string();
        OAuthTokens::from_text(&text).map(|tokens| Some(tokens.to_text()))
    }

    fn save(&self, text: &Secret) -> signalwire_client::Result<()> {
        let tokens: Value = serde_json::from_str(text.expose()).unwrap_or_default();
        let settings = &self.settings;
        let content = json!({
            "client_id": settings.client_id,
            "redirect_uri": settings.redirect_uri,
            "authorize_url": settings.authorize_url,
            "token_url": settings.token_url,
            "tokens": tokens,
        });
        let content = Secret::from(content.to_string());
        self.replace(content.expose()).map_err(|cause| self.failed("cannot be written", &cause))
    }

    fn clear(&self) -> signalwire_client::Result<()> {
        match std::fs::remove_file(&self.file) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(self.failed("cannot be removed", &cause))
            }
            _ => Ok(()),
        }
    }
}

fn read(file: &Path) -> Result<Option<Value>, Failure> {
    let unusable =
        |cause: &dyn std::fmt::Display| Failure::usage(format!("{}: {cause}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(text) => match serde_json::from_str(&text) {
            Ok(kept) => Ok(Some(kept)),
            Err(_) => Err(unusable(&"this is no file of softphone login; log in again")),
        },
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(unusable(&cause)),
    }
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// On Windows the folder of the user's profile is private already.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
