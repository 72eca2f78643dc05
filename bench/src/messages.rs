//! HL7 v2 results over MLLP, each acknowledged when it is on disk.

use std::time::Instant;

use anyhow::ensure;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{region::Region, table::Table};

const MESSAGES_PER_CONNECTION: usize = 400;

pub(crate) async fn measure(region: &Region, table: &mut Table) -> anyhow::Result<()> {
    for connections in [1, 16, 64] {
        let began = Instant::now();
        let mut senders = JoinSet::new();
        for connection in 0..connections {
            let address = region.text("laboratorium", "mllp").to_owned();
            let patients = region.demo["patients"].as_array().map_or(1, Vec::len);
            let bsn = region.demo["patients"][connection % patients]["bsn"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            senders.spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                for turn in 0..MESSAGES_PER_CONNECTION {
                    let name = format!("B{connections}C{connection}T{turn}");
                    exchange(&mut stream, &message(&bsn, &name)).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = senders.join_next().await {
            done??;
        }
        let total = (connections * MESSAGES_PER_CONNECTION) as f64;
        table.row(
            &format!("HL7 v2 results taken in, durable, {connections} connections"),
            if connections == 16 { "2,000/s" } else { "" },
            format!("{:.0}/s", total / began.elapsed().as_secs_f64()),
        );
    }
    Ok(())
}

async fn exchange(stream: &mut TcpStream, message: &str) -> anyhow::Result<()> {
    let frame = [b"\x0b", message.as_bytes(), b"\x1c\x0d"].concat();
    stream.write_all(&frame).await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\x1c\x0d") {
        ensure!(
            stream.read_buf(&mut answer).await? > 0,
            "the connection was closed"
        );
    }
    ensure!(
        String::from_utf8_lossy(&answer).contains("MSA|AA"),
        "a result was refused"
    );
    Ok(())
}

fn message(bsn: &str, name: &str) -> String {
    [
        format!(
            "MSH|^~\\&|LIS|laboratorium^90000103^URA|SCHAKEL|laboratorium^90000103^URA|\
             20261122101500+0100||ORU^R01^ORU_R01|{name}|P|2.4|||AL|NE|NLD|8859/1"
        ),
        format!("PID|1||{bsn}^^^NLMINBIZA^NNNLD||Test&&Test^T^^^^^L||19650321|M"),
        format!("ORC|RE|O{name}|{name}|||CM"),
        format!(
            "OBR|1|O{name}|{name}|LAB^Laboratoriumonderzoek^99LIS|||20261122083000+0100|||||||\
             20261122083000+0100|BLD|||||||20261122101000+0100||CH|F"
        ),
        "OBX|1|NM|K^Kalium^99LIS||4.2|mmol/l|3.5-5|N|||F|||20261122101000+0100".to_owned(),
        "OBX|2|NM|KREA^Kreatinine^99LIS||88|umol/l|50-100|N|||F|||20261122101000+0100".to_owned(),
        String::new(),
    ]
    .join("\r")
}
