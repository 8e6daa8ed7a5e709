//! The REST endpoints that clients and their backends use.

use serde_json::{json, Value};

use crate::conversations;
use crate::devices;
use crate::directory::Address;
use crate::hub::{Hub, Subscriber};
use crate::rest_resources;
use crate::rpc;
use crate::server::{Answer, Call as Request};
use crate::token::{self, Grant, Kind};

const TWO_HOURS: i64 = 7_200;
const REFRESH_LIFE: i64 = TWO_HOURS + 300;
/// A refreshable token that is not bound to a key lives this long.
const UNBOUND_REFRESHABLE_LIFE: i64 = 60;
const DEFAULT_PAGE: usize = 50;

/// An endpoint's verdict; both sides are complete answers.
pub type Outcome = Result<Answer, Answer>;

/// Routes a request under `/api/fabric` or directly under `/subscriber`.
pub fn handle(hub: &Hub, request: &Request) -> Answer {
    let path = request.path.trim_end_matches('/');
    let rest = path.strip_prefix("/api/fabric").unwrap_or(path);
    let outcome = match (request.method.as_str(), rest) {
        ("POST", "/subscribers/tokens") => create_subscriber_token(hub, request),
        ("POST", "/subscribers/tokens/refresh") => refresh(hub, request),
        ("POST", "/guests/tokens") => create_guest_token(hub, request),
        ("POST", "/subscriber/invites") => create_invite(hub, request),
        ("POST", "/embeds/tokens") => exchange_embed(hub, request),
        ("POST", "/subscriber/devices/token") => devices::bound_token(hub, request, false),
        ("POST", "/subscriber/devices/refresh") => devices::bound_token(hub, request, true),
        // These two stand outside /api/fabric.
        ("POST", "/subscriber/devices") => devices::register(hub, request),
        ("DELETE", path) if path.starts_with("/subscriber/devices/") => {
            devices::unregister(hub, request, &path["/subscriber/devices/".len()..])
        }
        (_, path) if path.starts_with("/conversations") || path == "/messages" => {
            conversations::handle(hub, request, path)
        }
        ("GET", "/subscriber/info") => info(hub, request),
        ("GET", "/addresses") => addresses(hub, request),
        ("GET", path) if path.starts_with("/addresses/") => {
            address(hub, request, &path["/addresses/".len()..])
        }
        (_, path) if path == "/resources" || path.starts_with("/resources/") => {
            rest_resources::handle(hub, request, &path["/resources".len()..])
        }
        _ => Err(not_found()),
    };
    outcome.unwrap_or_else(|answer| answer)
}

fn unauthorized() -> Answer {
    Answer::json(401, json!({ "error": "Unauthorized" }))
}

/// 404.
pub fn not_found() -> Answer {
    Answer::json(404, json!({ "error": "Not Found" }))
}

/// 422 with one entry.
pub fn unprocessable(code: &str, attribute: &str, message: &str) -> Answer {
    let entry = json!({
        "type": "validation_error",
        "code": code,
        "message": message,
        "attribute": attribute,
        "url": format!("https://developer.signalwire.com/rest/overview/error-codes/#{code}"),
    });
    Answer::json(422, json!({ "errors": [entry] }))
}

/// 422 because a parameter is not there.
pub fn missing(attribute: &str) -> Answer {
    let message = format!("{attribute} is a required parameter.");
    unprocessable("missing_required_parameter", attribute, &message)
}

/// 422 because a parameter makes no sense.
pub fn invalid(attribute: &str) -> Answer {
    unprocessable("invalid_parameter", attribute, &format!("{attribute} is invalid."))
}

/// Basic authentication with project and API token.
pub fn project(hub: &Hub, request: &Request) -> Result<(), Answer> {
    let expected = Some((hub.config.project.clone(), hub.config.api_token.clone()));
    (request.basic() == expected).then_some(()).ok_or_else(unauthorized)
}

/// Bearer authentication with an access token.
pub fn bearer(hub: &Hub, request: &Request) -> Result<Grant, Answer> {
    request.bearer().and_then(|t| hub.grant(t)).ok_or_else(unauthorized)
}

/// The JSON object of the body.
pub fn body(request: &Request) -> Result<Value, Answer> {
    if !request.has_json() {
        return Err(Answer::json(415, json!({ "error": "Unsupported Media Type" })));
    }
    let value: Value = serde_json::from_slice(&request.body)
        .map_err(|_| Answer::json(400, json!({ "error": "Bad Request" })))?;
    value.is_object().then_some(value).ok_or(Answer::json(400, json!({ "error": "Bad Request" })))
}

/// `expire_at` and the like: whole seconds in the future.
fn expiry(body: &Value, key: &str) -> Result<i64, Answer> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(token::now() + TWO_HOURS),
        Some(value) => value.as_i64().filter(|at| *at > token::now()).ok_or_else(|| invalid(key)),
    }
}

/// The members that are texts; absent ones stay absent, others are refused.
pub fn optional_texts(body: &Value, keys: &[&str]) -> Result<Value, Answer> {
    let mut found = json!({});
    for key in keys {
        match body.get(*key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => found[*key] = json!(text),
            Some(_) => return Err(invalid(key)),
        }
    }
    Ok(found)
}

fn grant(kind: Kind, subscriber: &str, expires_at: i64) -> Grant {
    Grant {
        kind,
        subscriber_id: subscriber.to_owned(),
        jti: rpc::uuid(),
        expires_at,
        scope: Vec::new(),
        application_id: None,
        thumbprint: None,
        allowed_addresses: Vec::new(),
    }
}

fn create_subscriber_token(hub: &Hub, request: &Request) -> Outcome {
    project(hub, request)?;
    let body = body(request)?;
    let reference = match body.get("reference") {
        None | Some(Value::Null) => return Err(missing("reference")),
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        Some(_) => return Err(invalid("reference")),
    };
    let mut expires_at = expiry(&body, "expire_at")?;
    let profile = optional_texts(
        &body,
        &[
            "first_name",
            "last_name",
            "display_name",
            "job_title",
            "time_zone",
            "country",
            "company_name",
            "region",
        ],
    )?;
    let other = optional_texts(&body, &["application_id", "password", "fingerprint", "scope"])?;
    let application = rpc::text(&other, "application_id").map(str::to_owned);
    if application.as_ref().is_some_and(|id| uuid::Uuid::parse_str(id).is_err()) {
        return Err(invalid("application_id"));
    }
    let fingerprint = rpc::text(&other, "fingerprint");
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if fingerprint.is_some_and(|f| f.len() != 43 || !f.chars().all(base64url)) {
        return Err(invalid("fingerprint"));
    }
    let scope = rpc::text(&other, "scope");
    if scope.is_some_and(|s| s != "sat:refresh") {
        return Err(invalid("scope"));
    }
    if scope.is_some() && fingerprint.is_none() {
        expires_at = expires_at.min(token::now() + UNBOUND_REFRESHABLE_LIFE);
    }
    let subscriber = hub.subscriber(&reference, &profile);
    let access = Grant {
        scope: scope.map(str::to_owned).into_iter().collect(),
        application_id: application,
        thumbprint: rpc::text(&other, "fingerprint").map(str::to_owned),
        ..grant(Kind::Subscriber, &subscriber.id, expires_at)
    };
    let refresh = grant(Kind::Refresh, &subscriber.id, token::now() + REFRESH_LIFE);
    Ok(Answer::json(
        200,
        json!({
            "subscriber_id": subscriber.id,
            "token": hub.issue(access, None),
            "refresh_token": hub.issue(refresh, None),
        }),
    ))
}

fn refresh(hub: &Hub, request: &Request) -> Outcome {
    project(hub, request)?;
    let body = body(request)?;
    let old = rpc::text(&body, "refresh_token").ok_or_else(|| missing("refresh_token"))?;
    let invalid_token = || unprocessable("token_invalid", "refresh_token", "Token is invalid.");
    let known = hub
        .with(|inner| inner.tokens.get(old).cloned())
        .filter(|g| g.kind == Kind::Refresh)
        .ok_or_else(invalid_token)?;
    if known.expires_at <= token::now() {
        return Err(unprocessable("token_expired", "refresh_token", "Token has expired."));
    }
    // Refresh tokens rotate: the old one is spent.
    hub.with(|inner| inner.tokens.remove(old));
    let subscriber = known.subscriber_id;
    let access = grant(Kind::Subscriber, &subscriber, token::now() + TWO_HOURS);
    let next = grant(Kind::Refresh, &subscriber, token::now() + REFRESH_LIFE);
    Ok(Answer::json(
        201,
        json!({ "token": hub.issue(access, None), "refresh_token": hub.issue(next, None) }),
    ))
}

fn create_guest_token(hub: &Hub, request: &Request) -> Outcome {
    project(hub, request)?;
    let body = body(request)?;
    let allowed = match body.get("allowed_addresses") {
        None | Some(Value::Null) => return Err(missing("allowed_addresses")),
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(invalid("allowed_addresses")),
    };
    if allowed.len() > 10 {
        let message = "No more than 10 addresses are allowed.";
        return Err(unprocessable("allowed_address_limit_exceeded", "allowed_addresses", message));
    }
    let all = everything(hub);
    let mut ids = Vec::new();
    for id in allowed {
        let id = id.as_str().filter(|id| all.iter().any(|a| a.id == *id));
        let message = "Addresses must belong to the project.";
        ids.push(
            id.ok_or_else(|| {
                unprocessable("must_belong_to_project", "allowed_addresses", message)
            })?
            .to_owned(),
        );
    }
    let expires_at = expiry(&body, "expire_at")?;
    let options = optional_texts(&body, &["region", "ch"])?;
    let guest = rpc::uuid();
    let access = Grant { allowed_addresses: ids, ..grant(Kind::Guest, &guest, expires_at) };
    let next = grant(Kind::Refresh, &guest, token::now() + REFRESH_LIFE);
    let host = rpc::text(&options, "ch");
    Ok(Answer::json(
        201,
        json!({ "token": hub.issue(access, host), "refresh_token": hub.issue(next, None) }),
    ))
}

fn create_invite(hub: &Hub, request: &Request) -> Outcome {
    let inviter = bearer(hub, request)?;
    let body = body(request)?;
    let id = rpc::text(&body, "address_id").ok_or_else(|| missing("address_id"))?;
    if !everything(hub).iter().any(|a| a.id == id) {
        return Err(invalid("address_id"));
    }
    let expires_at = expiry(&body, "expires_at")?;
    let access = Grant {
        allowed_addresses: vec![id.to_owned()],
        ..grant(Kind::Guest, &inviter.subscriber_id, expires_at)
    };
    Ok(Answer::json(201, json!({ "token": hub.issue(access, None) })))
}

fn exchange_embed(hub: &Hub, request: &Request) -> Outcome {
    let body = body(request)?;
    let embed = rpc::text(&body, "token").ok_or_else(|| missing("token"))?;
    if !embed.starts_with("c2c_") && !embed.starts_with("c2t_") {
        return Err(Answer::json(403, json!({ "error": "Forbidden" })));
    }
    let access = grant(Kind::Guest, &rpc::uuid(), token::now() + 3_600);
    Ok(Answer::json(201, json!({ "token": hub.issue(access, None) })))
}

fn info(hub: &Hub, request: &Request) -> Outcome {
    let grant = bearer(hub, request)?;
    let subscriber = find_subscriber(hub, &grant).ok_or_else(not_found)?;
    let profile = |key: &str| subscriber.profile.get(key).cloned().unwrap_or(Value::Null);
    let email = Some(&subscriber.reference).filter(|r| r.contains('@'));
    Ok(Answer::json(
        200,
        json!({
            "id": subscriber.id,
            "email": email,
            "first_name": profile("first_name"),
            "last_name": profile("last_name"),
            "display_name": subscriber.address.display_name,
            "job_title": profile("job_title"),
            "time_zone": profile("time_zone"),
            "country": profile("country"),
            "region": profile("region"),
            "company_name": profile("company_name"),
            "push_notification_key": "c2lnbmFsd2lyZS1nYXRld2F5LXRlc3Qta2V5LTMyYnk=",
            "app_settings": { "display_name": "gateway", "scopes": [] },
            "fabric_addresses": [subscriber.address.to_json()],
            "sat_claims": {
                "scope": grant.scope,
                "expires_at": hub.told_expiry(grant.expires_at),
                "cnf": grant.thumbprint.map(|jkt| json!({ "jkt": jkt })),
            },
        }),
    ))
}

fn find_subscriber(hub: &Hub, grant: &Grant) -> Option<Subscriber> {
    hub.with(|inner| inner.subscribers.iter().find(|s| s.id == grant.subscriber_id).cloned())
}

fn everything(hub: &Hub) -> Vec<Address> {
    hub.with(|inner| {
        let private = inner.subscribers.iter().map(|s| s.address.clone());
        inner.addresses.iter().cloned().chain(private).collect()
    })
}

fn visible(hub: &Hub, grant: &Grant) -> Vec<Address> {
    let allowed = &grant.allowed_addresses;
    let all = everything(hub).into_iter();
    all.filter(|a| allowed.is_empty() || allowed.contains(&a.id)).collect()
}

fn address(hub: &Hub, request: &Request, id: &str) -> Outcome {
    let grant = bearer(hub, request)?;
    let found = visible(hub, &grant).into_iter().find(|a| a.id == id);
    found.map(|a| Answer::json(200, a.to_json())).ok_or_else(not_found)
}

fn addresses(hub: &Hub, request: &Request) -> Outcome {
    let grant = bearer(hub, request)?;
    let mut found = visible(hub, &grant);
    if let Some(kind) = request.query("type") {
        if !["subscriber", "room", "app", "call"].contains(&kind.as_str()) {
            return Err(invalid("type"));
        }
        found.retain(|a| a.kind == kind);
    }
    if let Some(name) = request.query("display_name") {
        let name = name.to_lowercase();
        found.retain(|a| a.display_name.to_lowercase().contains(&name));
    }
    if let Some(name) = request.query("name") {
        // The bare name and the whole path are both in use.
        found.retain(|a| a.name == name || a.path() == name);
    }
    sort(request, &mut found)?;
    paged(request, found.iter().map(Address::to_json).collect())
}

/// The page of a list that the request asks for.
pub fn paged(request: &Request, all: Vec<Value>) -> Outcome {
    let size = page_number(request, "page_size", DEFAULT_PAGE, 1)?.min(1_000);
    let page = page_number(request, "page_number", 0, 0)?;
    let links = links(request, page, size, all.len());
    let first = page.saturating_mul(size);
    let data: Vec<Value> = all.into_iter().skip(first).take(size).collect();
    Ok(Answer::json(200, json!({ "data": data, "links": links })))
}

fn sort(request: &Request, found: &mut [Address]) -> Result<(), Answer> {
    match request.query("sort_by").as_deref() {
        None | Some("name") => found.sort_by(|a, b| a.name.cmp(&b.name)),
        Some("created_at") => found.sort_by(|a, b| a.created_at.cmp(&b.created_at)),
        Some(_) => return Err(invalid("sort_by")),
    }
    match request.query("sort_order").as_deref() {
        None | Some("asc") => Ok(()),
        Some("desc") => {
            found.reverse();
            Ok(())
        }
        Some(_) => Err(invalid("sort_order")),
    }
}

fn page_number(
    request: &Request,
    key: &str,
    default: usize,
    least: usize,
) -> Result<usize, Answer> {
    match request.query(key) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|n| *n >= least).ok_or_else(|| invalid(key)),
    }
}

fn links(request: &Request, page: usize, size: usize, count: usize) -> Value {
    let kept: String = request
        .raw_query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page_"))
        .map(|pair| format!("{pair}&"))
        .collect();
    let link = |page: usize| {
        let (base, path) = (&request.base, request.path.trim_end_matches('/'));
        let token = if page == 0 { String::new() } else { format!("&page_token=PA{page:08x}") };
        format!("{base}{path}?{kept}page_number={page}&page_size={size}{token}")
    };
    let mut links = json!({ "self": link(page), "first": link(0) });
    if page.saturating_add(1).saturating_mul(size) < count {
        links["next"] = json!(link(page + 1));
    }
    if page > 0 {
        links["prev"] = json!(link(page - 1));
    }
    links
}
