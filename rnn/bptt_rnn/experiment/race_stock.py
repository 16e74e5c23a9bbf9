"""The race with the allocator of the C library as it comes: what a user gets who follows no tuning guide."""

from __future__ import annotations

from bptt_rnn.experiment import race

CLAIMS = race.CLAIMS
EXPERIMENT = race.race("race, stock allocator", race.SLEEP_AT_ONCE)
