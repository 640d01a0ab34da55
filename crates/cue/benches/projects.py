#!/usr/bin/env python3
"""Big projects of CUE, and what exporting them costs beside another implementation.

    cargo build --release -p cue-command --example cue
    CUE_REFERENCE=/path/to/cue python3 crates/cue/benches/projects.py [--scale 1.0] [CASE ...]

Writes each project into a folder of its own below --folder, runs the command `export` of both on it and prints time
(user and system) and peak memory, with their ratios. A seed gives the same projects everywhere. Without CUE_REFERENCE
only the own figures are shown. Outputs are compared as JSON. Memory is told by `time` of GNU, since a child of this
script is never seen to take less than the script itself.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile


def number(scale, count):
    return max(1, int(count * scale))


def services(random, scale):
    """Many files of one package that export to several times their size: definitions, defaults, shared parts."""
    files = {"schema.cue": """package app

#Port: {name!: string, number!: >0 & <65536, protocol: *"TCP" | "UDP"}
#Resources: {cpu: *"100m" | string, memory: *"128Mi" | string, ephemeral: *"1Gi" | string}
#Container: {
	name!: string
	image!: =~"^[a-z0-9./-]+:[a-z0-9.]+$"
	args: [...string]
	ports: [...#Port]
	env: [string]: string
	resources: {requests: #Resources, limits: #Resources}
	probes: {liveness: #Probe, readiness: #Probe}
}
#Probe: {path: *"/healthz" | string, port: *8080 | int, period: *10 | int & >0, failures: *3 | int & >0}
#Service: {
	name!: string
	labels: [string]: string
	labels: app: name
	replicas: *2 | int & >=1 & <=100
	containers: [...#Container]
	strategy: {kind: *"RollingUpdate" | "Recreate", surge: *1 | int}
}
service: [Name=_]: #Service & {name: Name}
"""}
    for index in range(number(scale, 600)):
        lines = ["package app", ""]
        for part in range(12):
            name = f"svc-{index}-{part}"
            lines.append(f'service: "{name}": {{')
            lines.append(f'\tlabels: {{tier: "{random.choice(["web", "db", "batch"])}", team: "team-{index % 40}"}}')
            lines.append("\tcontainers: [")
            for container in range(4):
                lines.append("\t\t{")
                lines.append(f'\t\t\tname:  "c{container}"')
                lines.append(f'\t\t\timage: "registry.example/{name}/c{container}:1.{random.randrange(99)}.0"')
                lines.append(f'\t\t\targs: ["--listen", "0.0.0.0:{8000 + container}", "--level", "info"]')
                lines.append(f'\t\t\tports: [{{name: "http", number: {8000 + container}}}]')
                lines.append(f'\t\t\tenv: {{NAME: "{name}", REGION: "eu-{random.randrange(9)}"}}')
                lines.append("\t\t},")
            lines.append("\t]")
            lines.append("}")
        files[f"svc{index}.cue"] = "\n".join(lines) + "\n"
    return files, []


def one_path(random, scale):
    """One path of the same project."""
    files, _ = services(random, scale)
    return files, ["-e", 'service."svc-0-0"']


def data(random, scale):
    """JSON written as CUE."""
    def record(index):
        return {
            "id": index,
            "name": f"record {index}",
            "tags": [f"t{random.randrange(1000)}" for _ in range(5)],
            "position": {"lat": random.uniform(-90, 90), "lon": random.uniform(-180, 180)},
            "active": random.random() < 0.5,
            "note": None,
        }
    records = [record(index) for index in range(number(scale, 40000))]
    return {"data.cue": "package app\n\nrecords: " + json.dumps(records, indent=1) + "\n"}, []


def closed(random, scale):
    """Closed resources with nested definitions and patterns."""
    lines = ["package app", "", """#Meta: {name!: string, labels?: [string]: string, annotations?: [=~"^x-"]: string}
#Rule: {verbs!: [...("get" | "list" | "watch" | "create")], resources!: [...string], groups?: [...string]}
#Resource: {
	kind!: "Role" | "Binding" | "Config"
	meta!: #Meta
	rules?: [...#Rule]
	data?: [string]: string
}
resources: [string]: #Resource
"""]
    for index in range(number(scale, 1500)):
        kind = random.choice(["Role", "Binding", "Config"])
        lines.append(f'resources: r{index}: {{kind: "{kind}", meta: {{name: "r{index}", labels: a: "b"}}')
        lines.append(f'\trules: [{{verbs: ["get", "list"], resources: ["pods", "r{index}"]}}]')
        lines.append(f'\tdata: {{key: "value {index}", other: "{random.random()}"}}}}')
    return {"resources.cue": "\n".join(lines) + "\n"}, []


def alternatives(random, scale):
    """Nested disjunctions of closed structs."""
    count = 10
    lines = ["package app", ""]
    for index in range(count):
        lines.append(f'#Leaf{index}: {{kind: "leaf{index}", l{index}!: int, common?: string}}')
        lines.append(f'#Node{index}: {{kind: "node{index}", child!: #Leaf, n{index}?: string}}')
    lines.append("#Leaf: " + " | ".join(f"#Leaf{index}" for index in range(count)))
    lines.append("#Node: " + " | ".join(f"#Node{index}" for index in range(count)))
    lines.append("nodes: [...#Node]")
    lines.append("nodes: [")
    for _ in range(number(scale, 60)):
        node, leaf = random.randrange(count), random.randrange(count)
        lines.append(f'\t{{kind: "node{node}", child: {{kind: "leaf{leaf}", l{leaf}: {random.randrange(99)}}}}},')
    lines.append("]")
    return {"nodes.cue": "\n".join(lines) + "\n"}, []


def definitions(random, scale):
    """Two thousand definitions that refer to each other, and a value of each."""
    lines = ["package app", ""]
    count = number(scale, 2000)
    for index in range(count):
        lines.append(f"#D{index}: {{")
        lines.append(f'\tname: *"d{index}" | string')
        lines.append(f"\tsize: int & >={index} | *{index}")
        if index:
            lines.append(f"\tother?: #D{random.randrange(index)}")
        lines.append("\ttags: [...string]")
        lines.append("}")
        lines.append(f'v{index}: #D{index} & {{tags: ["a", "b"]}}')
    return {"definitions.cue": "\n".join(lines) + "\n"}, []


CASES = {
    "services": services,
    "one-path": one_path,
    "data": data,
    "closed": closed,
    "alternatives": alternatives,
    "definitions": definitions,
}


def write(folder, files):
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    return sum(len(text) for text in files.values())


def run(command, folder, timeout):
    """Seconds of processor time, MiB of peak memory and the output of a command; none if it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile("r") as told:
        bounded = ["timeout", str(timeout), "/usr/bin/time", "--quiet", "-o", told.name, "-f", "%U %S %M", *command]
        status = subprocess.run(bounded, cwd=folder, stdout=out, stderr=err).returncode
        out.seek(0)
        err.seek(0)
        if status:
            sys.stderr.write(f"{' '.join(command[:3])} …: status {status}: {err.read(300).decode(errors='replace')}\n")
            return None
        user, system, kibibytes = told.read().split()
        return float(user) + float(system), int(kibibytes) / 1024, out.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], help="which projects; all if none is named")
    parser.add_argument("--scale", type=float, default=1.0, help="how big, beside the usual size")
    parser.add_argument("--folder", default=os.path.join(tempfile.gettempdir(), "cue-projects"))
    parser.add_argument("--own", default="target/release/examples/cue", help="the own command")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one command")
    options = parser.parse_args()
    reference, own = os.environ.get("CUE_REFERENCE"), os.path.abspath(options.own)
    for name in options.cases or CASES:
        files, flags = CASES[name](random.Random(1), options.scale)
        folder = os.path.join(options.folder, name)
        size = write(folder, files)
        mine = run([own, "export", *flags, "."], folder, options.timeout)
        theirs = run([reference, "export", *flags, "."], folder, options.timeout) if reference else None
        shown = f"{name:13} {size / 1e6:5.1f} MB"
        if mine:
            shown += f"  {mine[0]:7.2f} s {mine[1]:7.0f} MiB"
        if theirs:
            shown += f"  reference {theirs[0]:7.2f} s {theirs[1]:7.0f} MiB"
        if mine and theirs:
            same = json.loads(mine[2]) == json.loads(theirs[2])
            shown += f"  time x {mine[0] / theirs[0]:.2f}, memory x {mine[1] / theirs[1]:.2f}"
            shown += "" if same else "  OUTPUT DIFFERS"
        print(shown, flush=True)


if __name__ == "__main__":
    main()
