"""The cause of a storage error in a few words, for the errors of every library.

Object stores, Icechunk and the operating system wrap the cause in pages of context.
"""

import re

__all__ = ["CLOCK_APART", "CLOCK_BEHIND", "DISK_FULL", "cause_of", "is_damage"]

DISK_FULL = "the disk is full"
CLOCK_BEHIND = "the clock of this machine is behind the store's last commit"
CLOCK_APART = "the clocks of this machine and of its storage do not agree"

# Causes by words in an error's text, the most specific first.
SIGNS = (
    (r"invalid snapshot timestamp ordering", CLOCK_BEHIND),
    (r"machine clock has drifted", CLOCK_APART),
    (r"NoSuchBucket", "there is no such bucket"),
    (r"InvalidAccessKeyId", "the server does not know the access key"),
    (r"SignatureDoesNotMatch", "the secret key is wrong"),
    (r"AccessDenied|403 Forbidden|lacked the necessary privileges", "access is denied"),
    (r"No space left on device|os error 28\b", DISK_FULL),
    (r"[Qq]uota exceeded|os error 122\b", "the disk quota is used up"),
    (r"[Rr]ead-only file system|os error 30\b", "the file system is read-only"),
    (r"Permission denied|os error 13\b", "permission is denied"),
    (r"ConnectionRefused|[Cc]onnection refused", "the server cannot be reached (refused)"),
    (r"dns error|failed to lookup address", "the server's name is unknown"),
    (r"BadScheme|URL scheme is not allowed", "the server does not accept this kind of URL"),
)
# Icechunk's messages for its own files that are cut off, overwritten or missing.
DAMAGE = re.compile(
    r"corruption|incomplete frame|invalid magic numbers|early eof|EOF while parsing"
    r"|expected value at line|expected struct RepositoryConfig|Wanted range starting"
    r"|(snapshot|manifest|ref) not found|Object at location .* not found"
    r"|can only be created in clean prefixes"
)
STATUS = re.compile(r"status code: (\d{3} [A-Za-z ]+)")
CODE = re.compile(r"<Code>([^<]+)</Code>")
TIMED_OUT = re.compile(r"TimedOut|timed out|timeout", re.IGNORECASE)
# Icechunk's report ends with a chain of causes, the root last.
CHAIN = re.compile(r"^\s*[|`]->\s*(.+)$", re.MULTILINE)
MEANINGLESS = {"Error", "unhandled error", "service error", "dispatch failure"}


def is_damage(error: BaseException) -> bool:
    """Whether files of a store are damaged or missing, so that trying again does not help."""
    return DAMAGE.search(str(error)) is not None


def cause_of(error: BaseException) -> str:
    """Give the cause of a storage error in a few words."""
    text = str(error)
    for sign, words in SIGNS:
        if re.search(sign, text):
            return words
    status = STATUS.search(text)
    if status:
        code = CODE.search(text)
        return f"the server answers {status[1].strip()}" + (f" ({code[1]})" if code else "")
    if TIMED_OUT.search(text):
        return "the server does not answer in time"
    chain = [words for words in CHAIN.findall(text) if words.strip() not in MEANINGLESS]
    first = next((line.strip(" x\t") for line in text.splitlines() if line.strip(" x\t|")), "")
    return (chain[-1] if chain else first).strip() or type(error).__name__
