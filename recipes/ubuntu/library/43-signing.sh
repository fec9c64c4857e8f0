# signing_key OWNER: Ubuntu's dkms signs with the key of shim-signed, not with one of its own; of Ubuntu's own modules, which are
# signed by Canonical, this machine has no key. Source: dkms of Ubuntu, /etc/dkms/framework.conf, mok_signing_key.
signing_key() { if [[ $1 == ubuntu ]]; then say /dev/null; else say "$root/var/lib/shim-signed/mok/MOK.der"; fi; }

# key_state KEY: shim carries Canonical's key, so nobody has to enrol it.
key_state() {
  if [[ $1 == /dev/null ]]; then
    say "Canonical's key is already enrolled"
  else
    LC_ALL=C mokutil --test-key "$1" 2>&1 || :
  fi
}
