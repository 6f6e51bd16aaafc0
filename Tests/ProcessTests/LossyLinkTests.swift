import Platform
import TestSupport
import Testing
import Vocabulary

/// The real program and its server on a link of their own, which is slow and loses packets.
@Suite struct LossyLinkTests {
    /// A network namespace with nothing but a loopback device that lets five megabytes pass in a second and
    /// loses every fortieth packet; with delays too, where the kernel has `netem`.
    private static let link = """
        ip link set lo up mtu 1500
        tc qdisc add dev lo root netem delay 10ms loss 2% rate 40mbit 2>/dev/null || {
            tc qdisc add dev lo root tbf rate 40mbit burst 64kb latency 400ms
            iptables -A INPUT -i lo -m statistic --mode nth --every 40 --packet 7 -j DROP
        }
        iptables -N OUTAGE; iptables -A INPUT -i lo -j OUTAGE
        """

    private static let isPossible = BuiltProgram.can("unshare -rn sh -e -c '\(link)'")

    @Test(
        .enabled(
            if: isPossible,
            "no network namespaces here, or no tc or iptables: no link is made worse")
    )
    func `a slow link that loses packets, and goes away for a while, costs only time`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try folder.write(
            """
            \(LossyLinkTests.link)
            mlstore serve ../remote --listen 127.0.0.1:8765 --quiet >../serve.log 2>&1 & server=$!
            trap 'kill $server' EXIT
            until mlstore remote add -q origin http://127.0.0.1:8765 2>../add.log; do
                kill -0 $server; sleep 0.2
            done
            head -c 6000000 /dev/urandom >big.bin
            for i in $(seq 300); do head -c 2000 /dev/urandom >d/more$i; done
            mlstore add -q big.bin d && mlstore commit -q -m more
            (sleep 0.5; iptables -A OUTAGE -j DROP; sleep 2; iptables -F OUTAGE) &
            mlstore push -q
            rm -rf ../far && mkdir ../far && cd ../far && mlstore init -q
            cp ../work/*.mlstore ../work/mlstore.yaml ../work/mlstore.lock ../work/params.yaml .
            mlstore remote add -q origin http://127.0.0.1:8765
            (sleep 0.5; iptables -A OUTAGE -j DROP; sleep 2; iptables -F OUTAGE) &
            mlstore pull -q && mlstore fsck -q --level full
            cmp big.bin ../work/big.bin && diff -r d ../work/d
            """, to: "lossy.sh")
        let ended = try bench.run("unshare -rn sh -e ../lossy.sh")
        #expect(ended.status == 0, "\(ended.output)\(ended.errors)")
    }
}
