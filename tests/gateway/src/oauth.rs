//! Logging in with a browser: authorization code with PKCE, and refresh tokens (RFC 6749, 7636).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use ring::digest::{digest, SHA256};
use serde_json::{json, Value};

use crate::hub::{Hub, Inner};
use crate::media::token as random_token;
use crate::oauth_pages as pages;
use crate::rpc;
use crate::secrets;
use crate::server::{Answer, Call as Request};
use crate::token;

/// What an application is registered with.
#[derive(Clone, Debug)]
pub struct OAuthSettings {
    /// The client id of the only application.
    pub client_id: String,
    /// Its redirect URIs. They must be met exactly, but for the port of loopback addresses
    /// (RFC 8252, 7.3).
    pub redirect_uris: Vec<String>,
    /// The password of every user; the user's name is the subscriber's reference.
    pub password: String,
    /// How long access tokens last.
    pub access_life: Duration,
    /// `expires_in` is in the answer.
    pub tells_expiry: bool,
    /// How long a code lasts.
    pub code_life: Duration,
    /// How long a refresh token lasts.
    pub refresh_life: Duration,
    /// Every refresh gives another refresh token, and the earlier one is spent.
    pub rotates: bool,
}

impl Default for OAuthSettings {
    fn default() -> Self {
        let redirect_uris = [
            "http://127.0.0.1/callback",
            "http://[::1]/callback",
            "http://localhost:3000",
            "com.example.app://callback",
            "https://app.example.com/callback",
        ];
        OAuthSettings {
            client_id: "gateway-app".into(),
            redirect_uris: redirect_uris.map(str::to_owned).into(),
            password: "correct horse battery".into(),
            access_life: Duration::from_secs(7_200),
            tells_expiry: true,
            code_life: Duration::from_secs(60),
            refresh_life: Duration::from_secs(30 * 86_400),
            rotates: true,
        }
    }
}

/// An authorization request that a browser is busy with.
struct Asked {
    redirect_uri: String,
    state: Option<String>,
    challenge: String,
    scope: Option<String>,
    /// The user, once the password was right.
    user: Option<String>,
}

struct Code {
    redirect_uri: String,
    challenge: String,
    scope: Option<String>,
    user: String,
    ends: Instant,
    /// What was issued for it, when it was used.
    family: Option<String>,
}

struct Refresh {
    user: String,
    scope: Option<String>,
    family: String,
    ends: Instant,
    is_spent: bool,
}

/// How an authorization goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mishap {
    /// The redirect has this error instead of a code.
    Error(String),
    WrongState,
    NoCode,
    ExpiredCode,
}

/// Everything about logins.
#[derive(Default)]
pub struct Logins {
    asked: HashMap<String, Asked>,
    codes: HashMap<String, Code>,
    refreshes: HashMap<String, Refresh>,
    /// Access tokens by the login that they come from.
    issued: Vec<(String, String)>,
    mishaps: Vec<Mishap>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    redirects: u64,
    exchanges: u64,
    refreshes: u64,
    refused: u64,
}

impl Logins {
    /// Counters, for tests.
    pub fn report(&self) -> Value {
        json!({
            "redirects": self.counts.redirects,
            "exchanges": self.counts.exchanges,
            "refreshes": self.counts.refreshes,
            "refused": self.counts.refused,
        })
    }

    /// The next authorization goes wrong; the error says what is wrong with the fault.
    pub fn arrange(&mut self, fault: &Value) -> Result<(), String> {
        let what = rpc::text(fault, "what").ok_or("what is missing")?;
        let mishap = match what {
            "error" => Mishap::Error(rpc::text(fault, "error").unwrap_or("server_error").into()),
            "deny" => Mishap::Error("access_denied".into()),
            "wrong_state" => Mishap::WrongState,
            "no_code" => Mishap::NoCode,
            "expired_code" => Mishap::ExpiredCode,
            other => return Err(format!("no such mishap: {other}")),
        };
        self.mishaps.push(mishap);
        Ok(())
    }

    /// Revokes refresh tokens, those of one user or all; how many there were.
    pub fn revoke(&mut self, user: Option<&str>) -> usize {
        let before = self.refreshes.len();
        self.refreshes.retain(|_, refresh| user.is_some_and(|user| user != refresh.user));
        before - self.refreshes.len()
    }
}

/// Routes a request under `/login/oauth` or `/oauth`; `None` for any other path.
pub fn handle(hub: &Hub, request: &Request) -> Option<Answer> {
    let answer = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/login/oauth/authorize") => authorize(hub, request),
        ("POST", "/login/oauth/login") => log_in(hub, request),
        ("POST", "/login/oauth/consent") => consent(hub, request),
        ("POST", "/oauth/token") => issue(hub, request).unwrap_or_else(|refusal| {
            hub.with(|inner| inner.logins.counts.refused += 1);
            refusal
        }),
        (_, path) if path.starts_with("/login/oauth/") || path.starts_with("/oauth/") => {
            pages::problem(404, "There is no such page.")
        }
        _ => return None,
    };
    Some(answer.header("cache-control", "no-store"))
}

/// `GET /login/oauth/authorize`: the form for the password.
fn authorize(hub: &Hub, request: &Request) -> Answer {
    let settings = &hub.config.oauth;
    let query = |key: &str| request.query(key).filter(|value| !value.is_empty());
    // Whoever asks in another's name must not be sent anywhere (RFC 6749, 4.1.2.1).
    if query("client_id").as_deref() != Some(&settings.client_id) {
        return pages::problem(400, "The application is not known.");
    }
    let redirect_uri = query("redirect_uri").filter(|uri| is_registered(settings, uri));
    let Some(redirect_uri) = redirect_uri else {
        return pages::problem(400, "The application has no such redirect URI.");
    };
    let state = query("state");
    let refuse = |error: &str, why: &str| {
        hub.violation(format!("authorize: {why}"));
        back(
            &redirect_uri,
            &[
                ("error", Some(error)),
                ("error_description", Some(why)),
                ("state", state.as_deref()),
            ],
        )
    };
    if query("response_type").as_deref() != Some("code") {
        return refuse("unsupported_response_type", "response_type is not code");
    }
    if query("code_challenge_method").as_deref() != Some("S256") {
        return refuse("invalid_request", "code_challenge_method is not S256");
    }
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let challenge = query("code_challenge").filter(|c| c.len() == 43 && c.chars().all(base64url));
    let Some(challenge) = challenge else {
        return refuse("invalid_request", "code_challenge is no SHA-256");
    };
    if state.as_ref().is_none_or(|state| state.len() < 22) {
        return refuse("invalid_request", "state has less than 128 bits");
    }
    let id = random_token(32);
    let scope = query("scope");
    let asked = Asked { redirect_uri, state, challenge, scope, user: None };
    hub.with(|inner| inner.logins.asked.insert(id.clone(), asked));
    pages::login(&id, None)
}

/// Whether a redirect URI is one of those, or a loopback one with another port.
fn is_registered(settings: &OAuthSettings, uri: &str) -> bool {
    let without_port = |uri: &str| {
        for host in ["http://127.0.0.1", "http://[::1]"] {
            if let Some(rest) = uri.strip_prefix(host) {
                let digits = rest.strip_prefix(':').unwrap_or(rest);
                let path = digits.trim_start_matches(|c: char| c.is_ascii_digit());
                let is_ported = rest.starts_with(':');
                return format!("{host}{}", if is_ported { path } else { rest });
            }
        }
        uri.to_owned()
    };
    settings.redirect_uris.iter().any(|known| known == uri || without_port(uri) == *known)
}

/// `POST /login/oauth/login`: the password; then the question whether the application may.
fn log_in(hub: &Hub, request: &Request) -> Answer {
    let Some(form) = Form::parse(request) else {
        return pages::problem(415, "This is not a form.");
    };
    let id = form.text("request").unwrap_or_default();
    let user = form.text("username").map(str::trim).filter(|user| !user.is_empty());
    if !hub.with(|inner| inner.logins.asked.contains_key(id)) {
        return pages::problem(400, "This login is over. Return to the application.");
    }
    let is_right = form.text("password") == Some(&hub.config.oauth.password);
    let Some(user) = user.filter(|_| is_right) else {
        return pages::login(id, Some("The name or the password is wrong."));
    };
    hub.with(|inner| {
        if let Some(asked) = inner.logins.asked.get_mut(id) {
            asked.user = Some(user.to_owned());
        }
    });
    pages::consent(id, user, &hub.config.oauth.client_id)
}

/// `POST /login/oauth/consent`: back to the application, with a code or an error.
fn consent(hub: &Hub, request: &Request) -> Answer {
    let Some(form) = Form::parse(request) else {
        return pages::problem(415, "This is not a form.");
    };
    let id = form.text("request").unwrap_or_default();
    let is_allowed = form.text("decision") == Some("allow");
    let code_life = hub.config.oauth.code_life;
    let redirect = hub.with(|inner| {
        let logins = &mut inner.logins;
        let asked = logins.asked.remove(id)?;
        let user = asked.user?;
        logins.counts.redirects += 1;
        let mishap = (!logins.mishaps.is_empty()).then(|| logins.mishaps.remove(0));
        let refusal = match &mishap {
            Some(Mishap::Error(error)) => Some(error.clone()),
            _ => (!is_allowed).then(|| "access_denied".to_owned()),
        };
        let state = match mishap {
            Some(Mishap::WrongState) => Some(secrets::text(32)),
            _ => asked.state,
        };
        if let Some(error) = refusal {
            let text = Some("The request was refused.");
            let parts = [
                ("error", Some(error.as_str())),
                ("error_description", text),
                ("state", state.as_deref()),
            ];
            return Some(back(&asked.redirect_uri, &parts));
        }
        let code = secrets::text(40);
        let life = if mishap == Some(Mishap::ExpiredCode) { Duration::ZERO } else { code_life };
        logins.codes.insert(
            code.clone(),
            Code {
                redirect_uri: asked.redirect_uri.clone(),
                challenge: asked.challenge,
                scope: asked.scope,
                user,
                ends: Instant::now() + life,
                family: None,
            },
        );
        let code = Some(code.as_str()).filter(|_| mishap != Some(Mishap::NoCode));
        Some(back(&asked.redirect_uri, &[("code", code), ("state", state.as_deref())]))
    });
    redirect.unwrap_or_else(|| pages::problem(400, "This login is over."))
}

/// A redirect with these parameters.
fn back(redirect_uri: &str, parameters: &[(&str, Option<&str>)]) -> Answer {
    let mut location = redirect_uri.to_owned();
    for (name, value) in parameters.iter().filter_map(|(name, value)| Some((name, (*value)?))) {
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(&format!("{name}={}", percent_encode(value)));
    }
    Answer { status: 302, kind: "text/plain", body: Vec::new(), headers: Vec::new() }
        .header("location", &location)
}

fn percent_encode(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes()
        .map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The parameters of a body, each at most once.
struct Form(HashMap<String, String>);

impl Form {
    /// A form; `None` if the body is none, or a parameter comes twice.
    fn parse(request: &Request) -> Option<Form> {
        if request.media_type() != "application/x-www-form-urlencoded" {
            return None;
        }
        let body = std::str::from_utf8(&request.body).ok()?;
        let mut found = HashMap::new();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) =
                (crate::server::percent_decode(name), crate::server::percent_decode(value));
            if found.insert(name, value).is_some() {
                return None;
            }
        }
        Some(Form(found))
    }

    /// A form, or the same as JSON, which the token endpoint takes as well.
    fn of_token_request(request: &Request) -> Option<Form> {
        if !request.has_json() {
            return Form::parse(request);
        }
        let body: Value = serde_json::from_slice(&request.body).ok()?;
        let texts = body.as_object()?.iter();
        Some(Form(texts.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// An error of the token endpoint (RFC 6749, 5.2).
fn refusal(error: &str, description: &str) -> Answer {
    let status = if error == "invalid_client" { 401 } else { 400 };
    Answer::json(status, json!({ "error": error, "error_description": description }))
}

/// `POST /oauth/token`.
fn issue(hub: &Hub, request: &Request) -> Result<Answer, Answer> {
    let form = Form::of_token_request(request)
        .ok_or_else(|| refusal("invalid_request", "The body is no form."))?;
    let invalid = |name: &str| refusal("invalid_request", &format!("{name} is missing."));
    if request.headers.contains_key("authorization") || form.text("client_secret").is_some() {
        hub.violation("oauth/token: a public client has no secret");
        return Err(refusal("invalid_client", "A public client has no secret."));
    }
    if form.text("client_id") != Some(&hub.config.oauth.client_id) {
        return Err(refusal("invalid_client", "The client is not known."));
    }
    match form.text("grant_type").ok_or_else(|| invalid("grant_type"))? {
        "authorization_code" => {
            let code = form.text("code").ok_or_else(|| invalid("code"))?;
            let uri = form.text("redirect_uri").ok_or_else(|| invalid("redirect_uri"))?;
            let verifier = form.text("code_verifier").ok_or_else(|| invalid("code_verifier"))?;
            redeem_code(hub, code, uri, verifier)
        }
        "refresh_token" => {
            let token = form.text("refresh_token").ok_or_else(|| invalid("refresh_token"))?;
            redeem_refresh(hub, token)
        }
        _ => Err(refusal("unsupported_grant_type", "Codes and refresh tokens only.")),
    }
}

/// RFC 7636, 4.1: 43 to 128 unreserved characters.
fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

fn redeem_code(hub: &Hub, code: &str, uri: &str, verifier: &str) -> Result<Answer, Answer> {
    if !is_verifier(verifier) {
        hub.violation("oauth/token: code_verifier is not 43 to 128 unreserved characters");
        return Err(refusal("invalid_request", "The verifier is malformed."));
    }
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let family = rpc::uuid();
    let granted = hub.with(|inner| {
        let known = inner.logins.codes.get_mut(code);
        let known = known.ok_or_else(|| refusal("invalid_grant", "The code is not known."))?;
        if let Some(family) = known.family.clone() {
            // Somebody has seen the code: nothing issued for it is safe (RFC 6749, 4.1.2).
            end_family(inner, &family);
            return Err(refusal("invalid_grant", "The code was used before."));
        }
        // A code is spent by the first try.
        known.family = Some(family.clone());
        let reason = match () {
            () if known.ends <= Instant::now() => "The code has expired.",
            () if known.redirect_uri != uri => "The redirect URI is another one.",
            () if known.challenge != challenge => "The verifier does not fit the challenge.",
            () => return Ok((known.user.clone(), known.scope.clone())),
        };
        Err(refusal("invalid_grant", reason))
    });
    let (user, scope) = granted?;
    hub.with(|inner| inner.logins.counts.exchanges += 1);
    let refresh = new_refresh(hub, &user, &scope, &family);
    Ok(tokens(hub, &user, scope, &family, Some(refresh)))
}

fn redeem_refresh(hub: &Hub, text: &str) -> Result<Answer, Answer> {
    let rotates = hub.config.oauth.rotates;
    let granted = hub.with(|inner| {
        let unknown = || refusal("invalid_grant", "The refresh token is not known.");
        let known = inner.logins.refreshes.get_mut(text).ok_or_else(unknown)?;
        if known.is_spent {
            let family = known.family.clone();
            end_family(inner, &family);
            return Err(refusal("invalid_grant", "The refresh token was used before."));
        }
        if known.ends <= Instant::now() {
            return Err(refusal("invalid_grant", "The refresh token has expired."));
        }
        known.is_spent = rotates;
        Ok((known.user.clone(), known.scope.clone(), known.family.clone()))
    });
    let (user, scope, family) = granted?;
    hub.with(|inner| inner.logins.counts.refreshes += 1);
    let next = rotates.then(|| new_refresh(hub, &user, &scope, &family));
    Ok(tokens(hub, &user, scope, &family, next))
}

/// Revokes what comes from one login.
fn end_family(inner: &mut Inner, family: &str) {
    inner.logins.refreshes.retain(|_, refresh| refresh.family != family);
    for (owner, access) in &inner.logins.issued {
        if owner == family {
            inner.tokens.remove(access);
        }
    }
}

fn new_refresh(hub: &Hub, user: &str, scope: &Option<String>, family: &str) -> String {
    let text = token::make(token::Kind::Refresh, None);
    let refresh = Refresh {
        user: user.to_owned(),
        scope: scope.clone(),
        family: family.to_owned(),
        ends: Instant::now() + hub.config.oauth.refresh_life,
        is_spent: false,
    };
    hub.with(|inner| inner.logins.refreshes.insert(text.clone(), refresh));
    text
}

fn tokens(
    hub: &Hub,
    user: &str,
    scope: Option<String>,
    family: &str,
    refresh: Option<String>,
) -> Answer {
    let life = hub.config.oauth.access_life.as_secs();
    let access = hub.mint(user, life as i64, None);
    hub.with(|inner| inner.logins.issued.push((family.to_owned(), access.clone())));
    let mut answer = json!({ "access_token": access, "token_type": "Bearer" });
    if hub.config.oauth.tells_expiry {
        answer["expires_in"] = json!(life);
    }
    if let Some(refresh) = refresh {
        answer["refresh_token"] = json!(refresh);
    }
    if let Some(scope) = scope {
        answer["scope"] = json!(scope);
    }
    Answer::json(200, answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_a_loopback_address_is_free() {
        let settings = OAuthSettings::default();
        for (uri, expected) in [
            ("http://127.0.0.1:4711/callback", true),
            ("http://127.0.0.1/callback", true),
            ("http://[::1]:1/callback", true),
            ("http://127.0.0.1:4711/other", false),
            ("http://127.0.0.1:4711@evil.example/callback", false),
            ("http://127.0.0.1.evil.example/callback", false),
            ("http://localhost:3000", true),
            ("http://localhost:3001", false),
            ("com.example.app://callback", true),
            ("com.example.app://callback/x", false),
        ] {
            assert_eq!(is_registered(&settings, uri), expected, "{uri}");
        }
    }

    #[test]
    fn verifiers() {
        assert!(is_verifier(&"a".repeat(43)) && is_verifier(&"-._~".repeat(32)));
        for text in [&"a".repeat(42), &"a".repeat(129), &"+".repeat(43)] {
            assert!(!is_verifier(text), "{text}");
        }
    }
}
