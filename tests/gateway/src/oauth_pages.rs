//! The pages that a browser sees during a login.

use crate::server::Answer;

fn page(status: u16, title: &str, content: &str) -> Answer {
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n{content}\n</html>\n"
    );
    Answer {
        status,
        kind: "text/html; charset=utf-8",
        body: body.into_bytes(),
        headers: Vec::new(),
    }
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Something is wrong, and there is nowhere to go from here.
pub fn problem(status: u16, text: &str) -> Answer {
    page(status, "This does not work", &format!("<p>{}</p>", escape(text)))
}

/// The form for name and password.
pub fn login(request: &str, complaint: Option<&str>) -> Answer {
    let status = if complaint.is_some() { 401 } else { 200 };
    let complaint = complaint.map(|text| format!("<p role=\"alert\">{}</p>", escape(text)));
    let content = format!(
        "{}<form id=\"login\" method=\"post\" action=\"/login/oauth/login\">\n\
         <input type=\"hidden\" name=\"request\" value=\"{}\">\n\
         <label>E-mail <input name=\"username\" autocomplete=\"username\" required></label>\n\
         <label>Password <input name=\"password\" type=\"password\" \
         autocomplete=\"current-password\" required></label>\n\
         <button type=\"submit\">Log in</button>\n</form>",
        complaint.unwrap_or_default(),
        escape(request)
    );
    page(status, "Log in", &content)
}

/// The question whether the application may act for the user.
pub fn consent(request: &str, user: &str, application: &str) -> Answer {
    let content = format!(
        "<p>May {} make calls as {}?</p>\n\
         <form id=\"consent\" method=\"post\" action=\"/login/oauth/consent\">\n\
         <input type=\"hidden\" name=\"request\" value=\"{}\">\n\
         <button name=\"decision\" value=\"allow\">Allow</button>\n\
         <button name=\"decision\" value=\"deny\">Deny</button>\n</form>",
        escape(application),
        escape(user),
        escape(request)
    );
    page(200, "Allow this application?", &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_write_is_text() {
        let page = consent("r", "<script>\"'&", "app");
        let html = String::from_utf8(page.body).unwrap();
        assert!(html.contains("&lt;script&gt;&quot;&#39;&amp;") && !html.contains("<script>"));
    }
}
