# signing_key OWNER: the certificate with which dkms signs the kernel modules that it builds here.
signing_key() { say "$root/var/lib/dkms/mok.pub"; }

# key_state KEY: mokutil's message, since its exit status differs between versions.
key_state() { LC_ALL=C mokutil --test-key "$1" 2>&1 || :; }
