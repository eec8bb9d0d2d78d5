//! Showing a customer to compliance staff: masked unless revealed, and never without an audit event.

use registrar_json::{Object, Value, parse_object};
use zeroize::Zeroizing;

use super::Registry;
use super::sealing::read_record;
use crate::clock::UnixMillis;
use crate::store::{CustomerEvent, CustomerStatus, OperatorAct, StoreFailure};

/// Fields that say nothing about the person by themselves and are shown as they are.
const NOT_MASKED: [&str; 8] = [
    "country",
    "state",
    "id_number_type",
    "signed_timestamp",
    "risk_rating",
    "metadata",
    "platform_code",
    "participant_code",
];

/// A customer as an operator sees it.
pub struct CustomerView {
    /// Where the customer stands.
    pub status: CustomerStatus,
    /// When the customer was created.
    pub created_at: UnixMillis,
    /// Whether the customer is prefunded.
    pub prefunded: bool,
    /// The fields as one JSON object, masked unless revealed.
    pub fields: Zeroizing<String>,
}

/// Why a customer is not shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowCustomerError {
    /// There is no platform with this code.
    #[error("no platform has this code; `registrar platform list` shows them all")]
    NoSuchPlatform,
    /// The platform has no customer with this code.
    #[error("this platform has no customer with this participant_code")]
    NoSuchCustomer,
    /// No reason was given.
    #[error("a reason of 1 to 500 characters is needed: it is kept in the audit log")]
    BadReason,
    /// The store could not do it.
    #[error(transparent)]
    Failure(#[from] StoreFailure),
}

impl Registry {
    /// Shows a customer of a platform and records who looked, when and why, in one transaction with the look-up.
    pub async fn show_customer(
        &self,
        platform_code: &str,
        participant_code: &str,
        reason: &str,
        reveal: bool,
        act: OperatorAct,
    ) -> Result<CustomerView, ShowCustomerError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 || reason.chars().any(char::is_control) {
            return Err(ShowCustomerError::BadReason);
        }
        let platform = self.platform(platform_code).map_err(|_| ShowCustomerError::NoSuchPlatform)?;
        let customer =
            self.codes.customer_number(participant_code).ok_or(ShowCustomerError::NoSuchCustomer)?;
        let event = CustomerEvent {
            platform: platform.platform.number,
            customer,
            what: if reveal { "customer.revealed" } else { "customer.shown" },
            reason: reason.to_owned(),
            act,
        };
        let stored = self.store.show_customer(event).await?.ok_or(ShowCustomerError::NoSuchCustomer)?;
        let bytes = self.unseal(platform.platform.number, &stored)?;
        let fields = read_fields(read_record(&bytes)?.answer, reveal)
            .ok_or_else(|| StoreFailure::Internal("a stored answer is not what was written".to_owned()))?;
        Ok(CustomerView {
            status: stored.status,
            created_at: stored.created_at,
            prefunded: stored.prefunded,
            fields,
        })
    }
}

fn read_fields(answer: &[u8], reveal: bool) -> Option<Zeroizing<String>> {
    let envelope = parse_object(answer, 64).ok()?;
    let Value::Object(message) = &envelope.get("message")?.value else { return None };
    let mut text = Zeroizing::new(String::with_capacity(answer.len()));
    if reveal {
        message.write_compact(&mut text);
    } else {
        write_masked(message, &mut text);
    }
    Some(text)
}

fn write_masked(message: &Object<'_>, out: &mut String) {
    out.push('{');
    for (place, member) in message.members().iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        registrar_json::write_string(&member.name, out);
        out.push(':');
        match &member.value {
            // Whatever a platform put into its metadata may be personal: only whether there is any is shown.
            Value::Object(metadata) if member.name == "metadata" => {
                out.push_str(if metadata.members().is_empty() { "{}" } else { "\"…\"" });
            }
            Value::String(text) if !NOT_MASKED.contains(&member.name.as_ref()) => {
                registrar_json::write_string(&mask(&member.name, text), out);
            }
            value => value.write_compact(out),
        }
    }
    out.push('}');
}

/// Enough to recognise a person one already knows: the first character, or the last four of an ID number.
fn mask(name: &str, text: &str) -> Zeroizing<String> {
    let length = text.chars().count();
    Zeroizing::new(match name {
        "id_number" if length > 8 => format!("…{}", text.chars().skip(length - 4).collect::<String>()),
        "id_number" | "date_of_birth" | "zip" => "…".to_owned(),
        _ => text.chars().take(1).chain(['…']).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"message":{"first_name":"Gaurav","email":"g@example.in","country":"India","zip":"12345","id_number":"123456789","risk_rating":null,"metadata":{"nick":"Gau"},"participant_code":"XYZ456"}}"#;

    #[test]
    fn masked_fields_show_at_most_a_first_character_or_the_last_four_of_a_number() {
        let text = read_fields(ANSWER.as_bytes(), false).unwrap();
        assert_eq!(
            text.as_str(),
            r#"{"first_name":"G…","email":"g…","country":"India","zip":"…","id_number":"…6789","risk_rating":null,"metadata":"…","participant_code":"XYZ456"}"#
        );
    }

    #[test]
    fn revealed_fields_are_those_of_the_answer() {
        let text = read_fields(ANSWER.as_bytes(), true).unwrap();
        assert_eq!(format!(r#"{{"message":{}}}"#, text.as_str()), ANSWER);
    }
}
