//! Traces: spans of this server's work, sent to an OpenTelemetry collector by OTLP over HTTP.
//!
//! A thread of the SDK gathers and sends them: nobody waits for it, and what it cannot keep up with is dropped. A
//! collector that is away is logged once, and once more when it is back. The SDK's own logging is left out for the same
//! reason. Which spans there are is decided where they are; here only that they are this program's own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{Request, Response, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// What a collector needs longer for is given up.
const PATIENCE: Duration = Duration::from_secs(5);
/// At the end of the process it is less.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// A collector's answer is a few bytes.
const ANSWER_BYTES: usize = 64 * 1024;
/// Where OTLP has the traces.
const PATH: &str = "/v1/traces";

/// The way to the collector.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// # Errors
    /// When the address is none.
    pub(super) fn to(collector: &Uri) -> anyhow::Result<Self> {
        let base = collector.to_string();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Courier::new())
            .with_endpoint(format!("{}{PATH}", base.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name("inkroom")
            .with_attribute(version)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        let own = Targets::new().with_target("inkroom", Level::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("inkroom"))
            .with_location(false)
            .with_threads(false)
            .with_filter(own)
    }

    /// Sends what is left.
    pub(super) async fn end(self) {
        let ended =
            tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(LAST_PATIENCE));
        if let Ok(Err(error)) = ended.await {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

/// Carries what the SDK's thread wrote; the connection is served by the program's own runtime.
#[derive(Debug)]
struct Courier {
    client: Client<HttpConnector, Full<Bytes>>,
    runtime: Handle,
    is_away: AtomicBool,
}

impl Courier {
    fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            runtime: Handle::current(),
            is_away: AtomicBool::new(false),
        }
    }

    /// Logs when the collector goes away and when it comes back, and nothing in between.
    fn note<T>(&self, sent: &Result<T, HttpError>) {
        match sent {
            Ok(_) if self.is_away.swap(false, Ordering::Relaxed) => {
                tracing::info!("the collector of traces answers again");
            }
            Err(error) if !self.is_away.swap(true, Ordering::Relaxed) => {
                tracing::warn!(%error, "the collector of traces does not answer: traces are dropped until it does");
            }
            _ => {}
        }
    }
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sending = send(self.client.clone(), request);
        // Timers are made where the runtime is: here there is none.
        let sending = async move { timeout(PATIENCE, sending).await };
        let sent = self.runtime.spawn(sending).await;
        let sent = match sent {
            Ok(Ok(sent)) => sent,
            Ok(Err(late)) => Err(late.into()),
            Err(ended) => Err(ended.into()),
        };
        self.note(&sent);
        sent
    }
}

async fn send(
    client: Client<HttpConnector, Full<Bytes>>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let answer = client.request(request.map(Full::new)).await?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await?;
    Ok(Response::from_parts(head, body.to_bytes()))
}
