"""GnuPG in tests of backups."""

from collections.abc import Iterator

import pytest

# By default an agent first measures how often it can hash a passphrase in a tenth of a second, for seconds, and then does
# so for every key it opens. Whoever guesses passphrases of tests is welcome.
FEW_HASHES = "s2k-count 65536\n"


@pytest.fixture(scope="package", autouse=True)
def quick_agent() -> Iterator[None]:
    from emerald.backups import encryption

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encryption, "AGENT", encryption.AGENT + FEW_HASHES)
        yield
