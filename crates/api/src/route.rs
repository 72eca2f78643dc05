//! The endpoints of a door as data.
//!
//! A router is built from this table and from nothing else, and the table says
//! which credential each endpoint needs. So an endpoint without a rule cannot
//! exist, and a test can try them all.

use axum::{handler::Handler, response::IntoResponse, routing::MethodRouter};
use http::{HeaderValue, Method, header};

use crate::problem::Problem;

/// What a request must show before an endpoint looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: it tells what everybody may know.
    Nothing,
    /// A bearer token of this organisation.
    Bearer,
    /// A certificate of the region, which the connection has shown.
    Peer,
    /// A certificate of the region, and an access token that was given to it.
    PeerAndToken,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for what varies and `{*name}` for all the rest.
    pub path: String,
    /// What a request must show.
    pub credential: Credential,
}

/// A path, what a request to it must show, and what answers each method.
pub(crate) struct Route<S> {
    pub(crate) path: String,
    pub(crate) credential: Credential,
    pub(crate) handlers: MethodRouter<S>,
    methods: Vec<Method>,
}

/// A row of the table; its methods follow.
pub(crate) fn route<S>(path: impl Into<String>, credential: Credential) -> Route<S>
where
    S: Clone + Send + Sync + 'static,
{
    Route {
        path: path.into(),
        credential,
        handlers: MethodRouter::new(),
        methods: Vec::new(),
    }
}

/// Writes down the method beside the handler that answers it.
macro_rules! methods {
    ($($name:ident $method:ident $doc:literal)*) => {
        $(
            #[doc = $doc]
            pub(crate) fn $name<H, T>(mut self, handler: H) -> Self
            where
                H: Handler<T, S>,
                T: 'static,
            {
                self.handlers = self.handlers.$name(handler);
                self.methods.push(Method::$method);
                self
            }
        )*
    };
}

impl<S> Route<S>
where
    S: Clone + Send + Sync + 'static,
{
    methods! {
        get GET "What answers GET, and HEAD with it."
        post POST "What answers POST."
        put PUT "What answers PUT."
        patch PATCH "What answers PATCH."
        delete DELETE "What answers DELETE."
    }

    /// What answers a question by GET and by POST.
    pub(crate) fn get_or_post<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.get(handler.clone()).post(handler)
    }

    /// Refuses HEAD, where GET starts something: who asks for the head of an
    /// answer means to start nothing (RFC 9110, 9.2.1).
    pub(crate) fn no_head(mut self) -> Self {
        let allowed: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        let allowed = HeaderValue::from_str(&allowed.join(",")).ok();
        let refuse = async move || {
            let problem = Problem::method_not_allowed();
            match allowed {
                Some(allowed) => problem.and_header(header::ALLOW, allowed),
                None => problem,
            }
            .into_response()
        };
        self.handlers = self.handlers.head(refuse);
        self
    }

    /// The same below a base.
    pub(crate) fn below(mut self, base: &str) -> Self {
        self.path.insert_str(0, base);
        self
    }

    fn endpoints(&self) -> impl Iterator<Item = Endpoint> + '_ {
        self.methods.iter().map(|method| Endpoint {
            method: method.clone(),
            path: self.path.clone(),
            credential: self.credential,
        })
    }
}

/// The endpoints of a table.
pub(crate) fn endpoints<S>(routes: &[Route<S>]) -> Vec<Endpoint>
where
    S: Clone + Send + Sync + 'static,
{
    routes.iter().flat_map(Route::endpoints).collect()
}
