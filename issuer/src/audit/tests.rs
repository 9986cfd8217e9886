//! Every way in which a log can be tampered with, done to the database itself.

use tempfile::TempDir;

use super::*;
use crate::test_support::databases;

async fn logs(entries: usize) -> Vec<(TempDir, Admin)> {
    let mut logs = Vec::new();
    for (keep, db) in databases().await {
        let mut tx = db.begin().await.expect("begins");
        for number in 0..entries {
            append(&mut tx, &entry(number)).await.expect("appended");
        }
        tx.commit().await.expect("committed");
        logs.push((keep, Admin::of(db)));
    }
    logs
}

/// An entry of one of the three kinds.
fn entry(number: usize) -> Entry<'static> {
    let kinds = [(Event::Consented, Some([9; 32])), (Event::Declined, None), (Event::Failed, None)];
    let (event, token_hash) = kinds[number % 3];
    Entry {
        at: 1_800_000_000,
        event,
        request: "AAECAwQFBgcICQoLDA0ODw",
        entity: (number.is_multiple_of(2)).then_some("irctc.co.in"),
        purpose: "rail-booking",
        binding: "none",
        token_hash,
    }
}

async fn verdict(admin: &Admin, noted: Option<Head>) -> Verdict {
    verify(admin, noted, |_| ()).await.expect("the database is there")
}

/// Lets the log be changed, as who owns the database can, and changes it.
async fn tamper(admin: &Admin, statements: &[&'static str]) {
    let triggers: &[&'static str] = if admin.db.is_postgres() {
        &["DROP TRIGGER audit_append_only ON audit"]
    } else {
        &["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", "DROP TRIGGER audit_no_replace"]
    };
    let mut tx = admin.db.begin().await.expect("begins");
    for statement in triggers.iter().chain(statements) {
        sqlx::query(*statement)
            .execute(&mut *tx)
            .await
            .unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    tx.commit().await.expect("committed");
}

#[tokio::test]
async fn a_log_that_was_left_alone_is_whole() {
    for entries in [0, 1, 2, 7, PAGE, PAGE + 1, 2 * PAGE + 500] {
        for (_keep, admin) in logs(entries).await {
            let mut seen = Vec::new();
            let verdict = verify(&admin, None, |seq| seen.push(seq)).await.expect("the database is there");
            let Verdict::Whole(head) = verdict else { panic!("{entries}: {verdict:?}") };
            assert_eq!(head.seq, i64::try_from(entries).expect("small"));
            assert_eq!(head == Head::EMPTY, entries == 0);
            assert!(seen.iter().copied().eq(1..=head.seq));
        }
    }
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_and_placed() {
    let cases: &[(&[&'static str], i64, Fault)] = &[
        // Changed rows.
        (&["UPDATE audit SET at = at + 1 WHERE seq = 3"], 3, Fault::Changed),
        (&["UPDATE audit SET event = 'declined' WHERE seq = 1"], 1, Fault::Changed),
        (&["UPDATE audit SET request = 'BBECAwQFBgcICQoLDA0ODw' WHERE seq = 6"], 6, Fault::Changed),
        (&["UPDATE audit SET entity = 'other.example' WHERE seq = 3"], 3, Fault::Changed),
        (&["UPDATE audit SET entity = '' WHERE seq = 2"], 2, Fault::Changed),
        (&["UPDATE audit SET entity = NULL WHERE seq = 3"], 3, Fault::Changed),
        (&["UPDATE audit SET purpose = 'entry' WHERE seq = 5"], 5, Fault::Changed),
        (&["UPDATE audit SET binding = 'name' WHERE seq = 5"], 5, Fault::Changed),
        (&["UPDATE audit SET token_hash = hash WHERE seq = 4"], 4, Fault::Changed),
        (&["UPDATE audit SET token_hash = NULL WHERE seq = 4"], 4, Fault::Changed),
        (&["UPDATE audit SET previous = hash WHERE seq = 5"], 5, Fault::Changed),
        (&["UPDATE audit SET hash = previous WHERE seq = 5"], 5, Fault::Changed),
        // Removed ones.
        (&["DELETE FROM audit WHERE seq = 1"], 1, Fault::Missing),
        (&["DELETE FROM audit WHERE seq = 3"], 3, Fault::Missing),
        (&["DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = 3 WHERE seq = 7"], 3, Fault::Changed),
        // A cut tail, with and without a head that was set back.
        (&["DELETE FROM audit WHERE seq > 5"], 6, Fault::Missing),
        (&["DELETE FROM audit"], 1, Fault::Missing),
        (&["DELETE FROM audit WHERE seq > 5", "UPDATE audit_head SET seq = 5"], 5, Fault::NotTheHead),
        (&["UPDATE audit_head SET seq = 6"], 7, Fault::Inserted),
        (&["DELETE FROM audit_head"], 7, Fault::NotTheHead),
        // Reordered ones.
        (
            &[
                "UPDATE audit SET seq = 100 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 4",
                "UPDATE audit SET seq = 4 WHERE seq = 100",
            ],
            3,
            Fault::Changed,
        ),
        // Inserted ones.
        (
            &[
                "INSERT INTO audit SELECT 8, at, event, request, entity, purpose, binding, token_hash, hash, hash \
               FROM audit WHERE seq = 7",
            ],
            8,
            Fault::Changed,
        ),
        (
            &[
                "INSERT INTO audit SELECT 0, at, event, request, entity, purpose, binding, token_hash, hash, hash \
               FROM audit WHERE seq = 7",
            ],
            0,
            Fault::Inserted,
        ),
    ];
    for (statements, seq, fault) in cases {
        for (_keep, admin) in logs(7).await {
            tamper(&admin, statements).await;
            let expected = Verdict::Broken { seq: *seq, fault: *fault };
            assert_eq!(verdict(&admin, None).await, expected, "{statements:?}");
        }
    }
}

/// SQLite takes any value in any column.
#[tokio::test]
async fn values_of_other_types_are_found() {
    for change in [
        "UPDATE audit SET at = 'now' WHERE seq = 2",
        "UPDATE audit SET at = 1.5 WHERE seq = 2",
        "UPDATE audit SET hash = 'text' WHERE seq = 2",
        "UPDATE audit SET purpose = x'ff' WHERE seq = 2",
        "UPDATE audit SET token_hash = 17 WHERE seq = 2",
    ] {
        let (_keep, admin) = logs(3).await.swap_remove(0);
        tamper(&admin, &[change]).await;
        let Verdict::Broken { seq: 2, fault: Fault::Unreadable | Fault::Changed } =
            verdict(&admin, None).await
        else {
            panic!("{change}: {:?}", verdict(&admin, None).await)
        };
    }
}

#[tokio::test]
async fn a_noted_head_tells_a_log_from_one_that_was_made_anew() {
    for (_keep, admin) in logs(7).await {
        let Verdict::Whole(head) = verdict(&admin, None).await else { panic!("it is whole") };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(verdict(&admin, Some(head)).await, Verdict::Whole(head));
        assert_eq!(verdict(&admin, Some(Head::EMPTY)).await, Verdict::Whole(head));

        // Entries that come later do not matter.
        let mut tx = admin.db.begin().await.expect("begins");
        append(&mut tx, &entry(1)).await.expect("appended");
        tx.commit().await.expect("committed");
        assert!(matches!(verdict(&admin, Some(head)).await, Verdict::Whole(later) if later.seq == 8));

        let missing = Head { seq: 9, ..head };
        let expected = Verdict::Broken { seq: 9, fault: Fault::Missing };
        assert_eq!(verdict(&admin, Some(missing)).await, expected);
        let zero = Head { seq: 0, ..head };
        assert_eq!(verdict(&admin, Some(zero)).await, Verdict::Broken { seq: 0, fault: Fault::NotAsNoted });

        // A whole new chain of other entries, as only the owner of the database can make one.
        let remade =
            ["DELETE FROM audit", "UPDATE audit_head SET seq = 0, hash = (SELECT previous FROM noted)"];
        let keep_start: &'static str = "CREATE TABLE noted AS SELECT previous FROM audit WHERE seq = 1";
        tamper(&admin, &[keep_start, remade[0], remade[1]]).await;
        let mut tx = admin.db.begin().await.expect("begins");
        for number in 10..20 {
            append(&mut tx, &entry(number)).await.expect("appended");
        }
        tx.commit().await.expect("committed");
        assert!(matches!(verdict(&admin, None).await, Verdict::Whole(new) if new.seq == 10));
        assert_eq!(verdict(&admin, Some(head)).await, Verdict::Broken { seq: 7, fault: Fault::NotAsNoted });
    }
}

/// The hash is of the CBOR that RFC 8949 says, byte by byte.
#[tokio::test]
async fn the_hash_can_be_computed_elsewhere() {
    let mut bytes = vec![0x8a, 0x6d];
    bytes.extend(b"kycvs/audit/1");
    bytes.extend([0x01, 0x1a, 0x6b, 0x49, 0xd2, 0x00, 0x69]);
    bytes.extend(b"consented");
    bytes.extend([0x76]);
    bytes.extend(b"AAECAwQFBgcICQoLDA0ODw");
    bytes.extend([0x6b]);
    bytes.extend(b"irctc.co.in");
    bytes.extend([0x6c]);
    bytes.extend(b"rail-booking");
    bytes.extend([0x64]);
    bytes.extend(b"none");
    bytes.extend([0x58, 0x20]);
    bytes.extend([9; 32]);
    bytes.extend([0x58, 0x20]);
    bytes.extend([0; 32]);
    let expected: [u8; 32] = Sha256::digest(&bytes).into();
    for (_keep, admin) in logs(1).await {
        let head = Head { seq: 1, hash: expected };
        assert_eq!(verdict(&admin, Some(head)).await, Verdict::Whole(head));
    }
}

#[test]
fn a_head_has_one_form() {
    let zeros = "0".repeat(64);
    for text in
        ["", "1", "1:", ":00", "1:00", &format!("-1:{zeros}"), &format!("x:{zeros}"), &format!("1:{zeros}0")]
    {
        assert_eq!(text.parse::<Head>(), Err(BadHead), "{text}");
    }
    assert_eq!(format!("0:{zeros}").parse(), Ok(Head::EMPTY));
}
