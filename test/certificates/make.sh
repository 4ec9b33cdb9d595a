# Makes the test certificates in the folder $1; README.md says which.
set -e
cd "$1"
T=$(mktemp -d)
mkca() { # name cn
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $T/$1.key -out $1.pem -days 36500 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
leaf() { # name subj ext start end
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $T/$1.csr -subj "$2" 2>/dev/null
  : > $T/index.txt; echo 01 > $T/serial
  printf '[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=%s\ndatabase=%s/index.txt\nserial=%s/serial\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\norganizationName=optional\n[x]\n%s\n' $T $T $T "$3" > $T/ca.cnf
  openssl ca -batch -notext -config $T/ca.cnf -extensions x -cert ca.pem -keyfile $T/ca.key -in $T/$1.csr -out $1.pem -startdate $4 -enddate $5 2>/dev/null
}
mkca ca "Trainyard test authority"
SAN="subjectAltName=DNS:localhost,DNS:cluster.test,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1"
leaf server "/CN=localhost" "$SAN" 20260101000000Z 21260101000000Z
leaf server-expired "/CN=localhost" "$SAN" 20200101000000Z 20210101000000Z
leaf client "/O=team-a/CN=alice" "extendedKeyUsage=clientAuth" 20260101000000Z 21260101000000Z
leaf client-renewed "/O=team-a/CN=alice" "extendedKeyUsage=clientAuth" 20260101000000Z 21260101000000Z
leaf client-expired "/O=team-a/CN=alice" "extendedKeyUsage=clientAuth" 20200101000000Z 20210101000000Z
rm -rf $T
