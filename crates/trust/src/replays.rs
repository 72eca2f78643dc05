//! Which single-use credentials were used already.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use care::Ura;

use crate::Rejected;

/// The most credentials that are remembered for one organisation.
pub(crate) const REPLAYS_PER_PEER_MAX: usize = 20_000;
/// The most that are remembered in all.
pub(crate) const REPLAYS_MAX: usize = 100_000;

/// Remembers each credential until it would be refused as expired anyway.
///
/// Full means busy, never forgetful: dropping one that still holds would let
/// it be used again. The limit per organisation keeps one node from using up
/// the room of the others.
#[derive(Default)]
pub(crate) struct Replays(Mutex<Table>);

#[derive(Default)]
struct Table {
    seen: HashSet<[u8; 32]>,
    /// In the order in which they are forgotten: all are kept equally long.
    order: VecDeque<(i64, Ura, [u8; 32])>,
    per_peer: HashMap<Ura, usize>,
}

impl Replays {
    /// Takes a credential for the first time. It is forgotten at `until`
    /// (seconds since 1970), which must not go back from one call to the next
    /// by more than the credential's own lifetime was counted in.
    pub(crate) fn take(
        &self,
        peer: Ura,
        credential: [u8; 32],
        now: i64,
        until: i64,
    ) -> Result<(), Rejected> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.forget(now);
        if table.seen.contains(&credential) {
            return Err(Rejected::Replayed);
        }
        if table.seen.len() >= REPLAYS_MAX
            || table
                .per_peer
                .get(&peer)
                .is_some_and(|count| *count >= REPLAYS_PER_PEER_MAX)
        {
            return Err(Rejected::Busy);
        }
        table.seen.insert(credential);
        table.order.push_back((until, peer, credential));
        *table.per_peer.entry(peer).or_default() += 1;
        Ok(())
    }
}

impl Table {
    fn forget(&mut self, now: i64) {
        while let Some((until, peer, credential)) = self.order.front().copied() {
            if until > now {
                return;
            }
            self.order.pop_front();
            self.seen.remove(&credential);
            if let Some(count) = self.per_peer.get_mut(&peer) {
                *count -= 1;
                if *count == 0 {
                    self.per_peer.remove(&peer);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(number: usize) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    #[test]
    fn once_until_it_is_forgotten() {
        let (replays, peer) = (Replays::default(), "1".parse().unwrap());
        assert_eq!(replays.take(peer, credential(1), 0, 60), Ok(()));
        assert_eq!(
            replays.take(peer, credential(1), 59, 60),
            Err(Rejected::Replayed)
        );
        assert_eq!(replays.take(peer, credential(1), 60, 120), Ok(()));
    }

    #[test]
    fn full_is_busy_for_that_organisation_only() {
        let replays = Replays::default();
        let [busy, other] = ["1", "2"].map(|ura| ura.parse().unwrap());
        for number in 0..REPLAYS_PER_PEER_MAX {
            replays.take(busy, credential(number), 0, 60).unwrap();
        }
        let next = credential(REPLAYS_PER_PEER_MAX);
        assert_eq!(replays.take(busy, next, 0, 60), Err(Rejected::Busy));
        assert_eq!(replays.take(other, next, 0, 60), Ok(()));
        assert_eq!(replays.take(busy, credential(0), 60, 120), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let replays = Replays::default();
        for number in 0..REPLAYS_MAX {
            let peer = (number / REPLAYS_PER_PEER_MAX).to_string().parse().unwrap();
            replays.take(peer, credential(number), 0, 60).unwrap();
        }
        let fresh = "77".parse().unwrap();
        assert_eq!(
            replays.take(fresh, credential(REPLAYS_MAX), 0, 60),
            Err(Rejected::Busy)
        );
    }
}
