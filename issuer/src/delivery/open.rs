//! The gateway that the settings ask for.

use std::{sync::Arc, time::Duration};

use super::{
    Gateway,
    inbox::Inbox,
    smtp::{SmtpGateway, SmtpSettings},
    webhook::WebhookGateway,
};
use crate::{
    clock::Clock,
    config::{Config, ConfigError, Delivery, Source},
    service::StartError,
    standard_webhooks::WebhookKey,
};

/// A gateway, and where it is an inbox, that inbox for its page.
pub(crate) struct Opened {
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) inbox: Option<Arc<Inbox>>,
}

/// Opens the gateway.
pub(crate) fn open(config: &Config, clock: &Clock) -> Result<Opened, StartError> {
    let gateway: Arc<dyn Gateway> = match &config.delivery {
        Delivery::Webhook { url, secret_file, timeout } => {
            let source = Source {
                setting: "delivery.secret_file",
                file: secret_file.as_deref(),
                variable: "KYCVS_DELIVERY_SECRET",
            };
            let key = WebhookKey::from_text(&source.need()?)
                .map_err(|_| source.wrong("does not hold whsec_ and 24 to 64 bytes in base64"))?;
            let gateway = WebhookGateway::new(url.clone(), key, Duration::from_secs((*timeout).into()))
                .map_err(|_| StartError::Delivery("this system's certificates cannot be read".to_owned()))?;
            Arc::new(gateway)
        }
        Delivery::Smtp { url, username, password_file, from, to, timeout } => {
            let source = Source {
                setting: "delivery.password_file",
                file: password_file.as_deref(),
                variable: "KYCVS_SMTP_PASSWORD",
            };
            let login = match username {
                Some(name) => Some((name.as_str(), source.need()?)),
                None => None,
            };
            let timeout = Duration::from_secs((*timeout).into());
            let gateway = SmtpGateway::new(&SmtpSettings { url, from, to, timeout }, login)
                .map_err(|error| ConfigError::new("delivery", error.to_string()))?;
            Arc::new(gateway)
        }
        Delivery::Inbox {} => {
            let inbox = Arc::new(Inbox::new(clock.clone()));
            return Ok(Opened { gateway: Arc::clone(&inbox) as _, inbox: Some(inbox) });
        }
    };
    Ok(Opened { gateway, inbox: None })
}
