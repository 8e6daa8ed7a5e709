use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;

fn text(name: &str) -> String {
    format!("eyJ0eXAiOiJTQVQifQ..{name}.a.b")
}

/// Answers once it is let go.
struct Gate {
    asked: AtomicU32,
    open: Semaphore,
    answers: Mutex<Vec<Result<AccessToken>>>,
}

impl Gate {
    fn new(mut answers: Vec<Result<AccessToken>>) -> Arc<Self> {
        answers.reverse();
        let (asked, open) = (AtomicU32::new(0), Semaphore::new(0));
        Arc::new(Self { asked, open, answers: Mutex::new(answers) })
    }
}

#[async_trait::async_trait]
impl CredentialProvider for Gate {
    async fn access_token(&self, _: TokenRequest) -> Result<AccessToken> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await.unwrap().forget();
        self.answers.lock().unwrap().pop().expect("an answer")
    }
}

fn tokens(first: Option<&str>, gate: Arc<Gate>) -> Arc<Tokens> {
    let mut credentials = Credentials::provider(gate);
    credentials.token = first.map(|name| AccessToken::new(text(name)));
    Tokens::new(&credentials).unwrap()
}

#[tokio::test]
async fn everybody_who_asks_meanwhile_gets_the_same_token() {
    let gate = Gate::new(vec![Ok(AccessToken::new(text("b")))]);
    let tokens = tokens(Some("a"), gate.clone());
    let ask = |tokens: Arc<Tokens>| async move { tokens.renew(1, TokenReason::Refused).await };
    let waiting: Vec<_> = (0..5).map(|_| tokio::spawn(ask(Arc::clone(&tokens)))).collect();
    while gate.asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // One that is given up does not take the others along.
    waiting[0].abort();
    gate.open.add_permits(1);
    for one in waiting.into_iter().skip(1) {
        let current = one.await.unwrap().unwrap();
        assert_eq!((current.token.expose(), current.generation), (text("b").as_str(), 2));
    }
    // Whoever comes late with the old token gets the new one without asking.
    assert_eq!(tokens.renew(1, TokenReason::Refused).await.unwrap().generation, 2);
    assert_eq!(gate.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failure_is_told_to_all_and_the_next_one_asks_anew() {
    let unreachable = Error::new(ErrorKind::Network, "unreachable");
    let gate = Gate::new(vec![Err(unreachable.clone()), Ok(AccessToken::new(text("a")))]);
    gate.open.add_permits(2);
    let tokens = tokens(None, gate);
    assert_eq!(tokens.obtain().await.unwrap_err(), unreachable);
    assert!(tokens.current().is_none());
    assert_eq!(tokens.obtain().await.unwrap().generation, 1);
    assert_eq!(tokens.obtain().await.unwrap().generation, 1);
}

#[tokio::test]
async fn a_provider_that_panics_is_told_apart_from_the_library() {
    let gate = Gate::new(Vec::new());
    gate.open.add_permits(1);
    let error = tokens(None, gate).obtain().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert!(error.message().contains("the credential provider panicked"), "{error}");
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let gate = Gate::new(vec![Ok(AccessToken::new("s3cret"))]);
    gate.open.add_permits(1);
    let tokens = tokens(None, gate);
    let error = tokens.obtain().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidToken);
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn the_application_is_faster_than_the_provider() {
    let gate = Gate::new(vec![Ok(AccessToken::new(text("late")))]);
    let tokens = tokens(Some("a"), gate.clone());
    let renewing = tokio::spawn({
        let tokens = Arc::clone(&tokens);
        async move { tokens.renew(1, TokenReason::Expiring).await }
    });
    while gate.asked.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    tokens.install(&AccessToken::new(text("mine"))).unwrap();
    gate.open.add_permits(1);
    assert_eq!(renewing.await.unwrap().unwrap().token.expose(), text("mine"));
}

#[test]
fn a_refused_token_gives_way_to_the_earlier_one() {
    let tokens = Tokens::new(&Credentials::token(AccessToken::new(text("a")))).unwrap();
    let earlier = tokens.current();
    let refused = tokens.install(&AccessToken::new(text("b"))).unwrap();
    tokens.take_back(refused.generation, earlier.clone());
    let current = tokens.current().unwrap();
    assert_eq!((current.token.expose(), current.generation), (text("a").as_str(), 3));
    tokens.take_back(refused.generation, None);
    assert!(tokens.current().is_some(), "only the refused one is taken back");
}

#[test]
fn expiry_is_learnt_for_the_token_that_it_is_about() {
    let tokens = Tokens::new(&Credentials::token(AccessToken::new(text("a")))).unwrap();
    tokens.learn_expiry(7, Some(5));
    tokens.learn_expiry(1, None);
    assert_eq!(tokens.current().unwrap().expires_at, None);
    tokens.learn_expiry(1, Some(5));
    assert_eq!(tokens.current().unwrap().expires_at, Some(5));
}
