//! Who calls: a token that is given, read from a file or minted with a project's credentials, or the
//! user of an earlier login.

use crate::args::{IdentityArgs, ServiceArgs};
use crate::login;
use crate::outcome::{Failure, Outcome};
use serde_json::{json, Value};
use signalwire_client::{AccessToken, Client, ClientOptions, Credentials};
use std::path::Path;
use std::time::Duration;

const MINT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client is made with.
#[derive(Debug)]
pub struct Identity {
    options: ClientOptions,
    credentials: Credentials,
}

impl Identity {
    pub fn client(self) -> signalwire_client::Result<Client> {
        Client::with_credentials(self.options, self.credentials)
    }
}

/// Options and credentials for the client.
pub async fn of(identity: &IdentityArgs, service: &ServiceArgs) -> Result<Identity, Failure> {
    let options = service_options(service)?;
    let credentials = match token(identity, options.ca_certificates_pem.as_deref()).await? {
        Some(token) => Credentials::token(AccessToken::new(token)),
        None => login::credentials(service)?.ok_or_else(|| {
            Failure::usage(
                "no token: give --token-file FILE, set SW_TOKEN, use --mint, or log in first",
            )
        })?,
    };
    Ok(Identity { options, credentials })
}

/// The text of `--ca`.
pub fn ca_pem(service: &ServiceArgs) -> Result<Option<String>, Failure> {
    let path = service.ca.as_deref().filter(|path| !path.is_empty());
    path.map(|path| read("--ca", Path::new(path))).transpose()
}

/// Options without a token.
pub fn service_options(service: &ServiceArgs) -> Result<ClientOptions, Failure> {
    let mut options = ClientOptions::new("");
    options.ws_url = given(&service.ws_url);
    options.http_url = given(&service.http_url);
    options.ca_certificates_pem = ca_pem(service)?;
    options.agent = Some(concat!("softphone/", env!("CARGO_PKG_VERSION")).to_owned());
    Ok(options)
}

async fn token(args: &IdentityArgs, ca_pem: Option<&str>) -> Result<Option<String>, Failure> {
    if args.mint {
        return mint(args, ca_pem).await.map(Some);
    }
    if let Some(path) = &args.token_file {
        return Ok(Some(read("--token-file", path)?.trim().to_owned()));
    }
    if let Some(token) = &args.token {
        return Ok(Some(token.clone()));
    }
    // Read here, not by the parser: an environment that holds a token must not forbid --mint.
    Ok(given(&std::env::var("SW_TOKEN").ok()))
}

/// `POST /api/fabric/subscribers/tokens` of the space.
async fn mint(args: &IdentityArgs, ca_pem: Option<&str>) -> Result<String, Failure> {
    let need = |value: &Option<String>, name: &str| {
        given(value).ok_or_else(|| Failure::usage(format!("--mint needs {name}")))
    };
    let project = need(&args.project, "--project or SW_PROJECT")?;
    let api_token = need(&args.api_token, "--api-token or SW_API_TOKEN")?;
    let url = mint_url(&need(&args.space_url, "--space-url or SW_SPACE_URL")?)?;
    let response = http_client(ca_pem)?
        .post(url)
        .basic_auth(project, Some(api_token))
        .json(&json!({ "reference": args.reference }))
        .send()
        .await
        .map_err(unreachable)?;
    let status = response.status();
    let body: Value = response.json().await.unwrap_or_default();
    if !status.is_success() {
        return Err(refused(status.as_u16(), &body));
    }
    body["token"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(Outcome::Other, "the space answered without a token"))
}

fn mint_url(space: &str) -> Result<reqwest::Url, Failure> {
    let space = space.trim_end_matches('/');
    let base = match space.contains("://") {
        true => space.to_owned(),
        false => format!("https://{space}"),
    };
    let url = reqwest::Url::parse(&format!("{base}/api/fabric/subscribers/tokens"))
        .map_err(|error| Failure::usage(format!("--space-url is not a URL: {error}")))?;
    let is_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback => Ok(url),
        _ => Err(Failure::usage("--space-url must start with https://")),
    }
}

fn http_client(ca_pem: Option<&str>) -> Result<reqwest::Client, Failure> {
    // An error only says that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(MINT_TIMEOUT);
    if let Some(pem) = ca_pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|_| Failure::usage("--ca does not hold PEM certificates"))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder
        .build()
        .map_err(|error| Failure::new(Outcome::Other, format!("cannot set up HTTP: {error}")))
}

fn unreachable(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    Failure::new(Outcome::Network, format!("the space cannot be reached: {cause}"))
}

fn refused(status: u16, body: &Value) -> Failure {
    let detail = body["errors"][0]["message"].as_str().or(body["error"].as_str());
    let detail = detail.unwrap_or("no reason given");
    let (outcome, what) = match status {
        401 | 403 => (Outcome::Unauthorized, "the project's credentials were refused"),
        _ => (Outcome::Other, "the space gave no token"),
    };
    let failure = Failure::new(outcome, format!("{what}: {detail}"));
    Failure { code: Some(status.into()), ..failure }
}

fn read(option: &str, path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{option} {}: {error}", path.display())))
}

/// An empty text counts as not given, as an unset variable in a script leaves it.
pub fn given(value: &Option<String>) -> Option<String> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
