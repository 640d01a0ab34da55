//! The bytes of bodies that are in memory at once, and their bound.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::refusal::Refusal;

/// Counts the bytes of bodies in memory, over all requests.
#[derive(Debug)]
pub struct InFlight {
    used: AtomicUsize,
    bytes_max: usize,
}

/// The share of one request, given back when it is dropped.
#[derive(Debug)]
pub struct Reserved {
    in_flight: Arc<InFlight>,
    bytes: usize,
}

impl InFlight {
    /// A bound for all requests together.
    #[must_use]
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), bytes_max })
    }

    /// A share that is still empty.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Reserved {
        Reserved { in_flight: Arc::clone(self), bytes: 0 }
    }

    /// Bytes that are reserved now.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl Reserved {
    /// Reserves more.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] if all shares together would pass the bound.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refusal> {
        let max = self.in_flight.bytes_max;
        let fits = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max);
        match self.in_flight.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => Err(Refusal::Overloaded { in_flight_bytes_max: max }),
        }
    }

    /// Cuts a share of as many bytes, of those it has, off.
    #[must_use]
    pub fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self { in_flight: Arc::clone(&self.in_flight), bytes }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.in_flight.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_all_shares_together_and_takes_them_back() {
        let in_flight = InFlight::new(10);
        let (mut one, mut other) = (in_flight.share(), in_flight.share());
        assert_eq!(one.grow(6), Ok(()));
        assert_eq!(other.grow(4), Ok(()));
        assert_eq!(other.grow(1), Err(Refusal::Overloaded { in_flight_bytes_max: 10 }));
        assert_eq!(other.grow(usize::MAX), Err(Refusal::Overloaded { in_flight_bytes_max: 10 }));
        let part = one.split(4);
        drop(part);
        assert_eq!(in_flight.used(), 6);
        drop(one.split(7));
        assert_eq!((in_flight.used(), other.grow(6)), (4, Ok(())));
        drop(other);
        assert_eq!(in_flight.used(), 0);
    }
}
