using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Functions.Tests.Deployment;

/// <summary>
/// Holds the Dockerfile, and what runs the image, to the program. No container is built here.
/// </summary>
public sealed partial class ContainerTests
{
    private const string Project = "ChunkStream.LocalHost";

    // What an instance takes beside the pool of its queries: the pool of durable streams, and what is outside of it.
    private static readonly int ConnectionsBeside
        = new DurableStreamOptions().Connections + DurableDatabase.OutsideThePool + LiveDatabase.MostConnections;

    // After ShutdownSeconds, until the process has exited.
    private const int EndSeconds = 5;

    private static readonly string Dockerfile =
        File.ReadAllText(Path.Combine(Repository.Root, "Dockerfile")).ReplaceLineEndings("\n");

    private static readonly string Settings = File.ReadAllText(Path.Combine(Repository.Root, "docs", "settings.md"));

    [Fact]
    public void All_that_the_program_is_built_from_is_copied_into_the_image_that_builds_it()
    {
        string[] copied =
        [
            .. Copy().Matches(Dockerfile).SelectMany(match => match.Groups[1].Value.Split(' ').SkipLast(1)),
        ];

        Assert.NotEmpty(copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)), path));
        var needed = Needed();
        Assert.Superset(
            new HashSet<string>
            {
                "BannedSymbols.txt", "CHANGELOG.md", "host.json", "ui/ui.targets", "src/Package.props",
                "src/ChunkStream/ChunkStream.csproj",
            },
            needed);
        Assert.All(needed, path => Assert.Contains(
            copied, source => path == source || path.StartsWith(source + "/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_image_runs_the_program_and_its_own_health_check_on_the_port_that_it_names()
    {
        var program = Words(Regex.Match(Dockerfile, @"^ENTRYPOINT (\[.*\])$", RegexOptions.Multiline));
        Assert.Equal(["dotnet", Project + ".dll"], program);
        Assert.True(File.Exists(Path.Combine(Built.Folder(Project), program[1])));

        var health = Words(Regex.Match(Dockerfile, @"^HEALTHCHECK .*CMD (\[.*\])$", RegexOptions.Multiline));
        Assert.Equal(program, health[..2]);
        RunSettings? asked = null;
        await CommandLine.InvokeAsync(
            health[2..],
            data: null,
            (settings, _) =>
            {
                asked = settings;
                return Task.FromResult(0);
            },
            new InvocationConfiguration(),
            CancellationToken.None);
        Assert.Equal(RunMode.Health, asked!.Mode);
        Assert.Contains($"\nEXPOSE {asked.Port}\n", Dockerfile, StringComparison.Ordinal);
    }

    [Fact]
    public void The_images_are_of_the_NET_that_the_projects_are_built_for()
    {
        var version = Regex.Match(
            File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props")), "<TargetFramework>net(.*?)<");
        var images = Regex.Matches(Dockerfile, @"mcr\.microsoft\.com/dotnet/\w+:(\d+\.\d+)");

        Assert.Equal(2, images.Count);
        Assert.All(images, image => Assert.Equal(version.Groups[1].Value, image.Groups[1].Value));
    }

    [Fact]
    public void Each_setting_of_the_image_is_one_that_the_documentation_has()
    {
        var settings = Regex.Matches(Dockerfile, @"(?<=[ \n])(ChunkStream__\w+)=");

        Assert.NotEmpty(settings);
        Assert.All(settings, setting => AssertIsSetting(setting.Groups[1].Value));
    }

    [Fact]
    public void Compose_runs_the_instances_that_nginx_knows_and_gives_them_time_to_end_their_streams()
    {
        var compose = YamlFile.Read("compose.yaml")[0]["services"];
        var apps = compose.Members.Where(service => service.Key.StartsWith("app", StringComparison.Ordinal)).ToArray();
        var known = Regex.Matches(
            File.ReadAllText(Path.Combine(Nginx.Deployed, "instances.conf")),
            @"^server (\S+):(\d+)",
            RegexOptions.Multiline);
        Assert.Equal(apps.Select(app => app.Key), known.Select(server => server.Groups[1].Value));
        Assert.All(known, server => Assert.Equal($"{CommandLine.DefaultPort}", server.Groups[2].Value));
        Assert.Contains(
            $"listen {compose["nginx", "ports", 0].Text.Split(':')[1]};",
            File.ReadAllText(Path.Combine(Nginx.Deployed, "nginx.conf")),
            StringComparison.Ordinal);
        Assert.Equal(apps.Select(app => app.Key), compose["nginx", "depends_on"].Members.Select(app => app.Key));

        var environment = apps[0].Value["environment"];
        Assert.All(environment.Members, variable => AssertIsSetting(variable.Key));
        var grace = Number(apps[0].Value["stop_grace_period"].Text, "^(\\d+)s$");
        Assert.True(grace >= environment["ChunkStream__Streaming__ShutdownSeconds"].Number + EndSeconds);

        // One more while one is replaced.
        var most = Number(compose["postgres", "command", 2].Text, "max_connections=(\\d+)");
        var pool = Number(environment["ConnectionStrings__Postgres"].Text, "Maximum Pool Size=(\\d+)");
        Assert.True((apps.Length + 1) * (pool + ConnectionsBeside) < most);
    }

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("deploy", "kubernetes.yaml")]
    [InlineData("deploy", "container-apps.yaml")]
    public void The_connections_of_an_instance_that_a_file_names_are_those_that_it_takes(params string[] file)
    {
        var text = File.ReadAllText(Path.Combine([Repository.Root, .. file]));
        var pool = Number(text, "Maximum Pool Size=(\\d+)");

        Assert.Matches($"{pool} (connections )?for queries(,| and) {ConnectionsBeside} for streams", text);
    }

    [Theory]
    [InlineData("compose.yaml")]
    [InlineData("deploy", "kubernetes.yaml")]
    [InlineData("deploy", "container-apps.yaml")]
    [InlineData("infra", "modules", "app.bicep")]
    public void Wherever_there_are_several_instances_all_have_the_secrets_that_sign_for_each_other(params string[] file)
    {
        var text = File.ReadAllText(Path.Combine([Repository.Root, .. file]));

        Assert.Matches("(?m)^ +(- name: )?ChunkStream__ResumeKey", text);
        Assert.Matches("(?m)^ +(- name: )?ChunkStream__Streams__CapabilityKey", text);
    }

    [Theory]
    [InlineData("kubernetes.yaml", "spec", "template", "spec")]
    [InlineData("container-apps.yaml", "properties", "template")]
    public void Clouds_ask_the_right_port_and_give_streams_time_to_end(string file, params string[] path)
    {
        var pod = YamlFile.Read("deploy", file)[0][path];
        var container = pod["containers", 0];
        var isKubernetes = file == "kubernetes.yaml";
        Assert.All(container["env"].Items, variable => AssertIsSetting(variable["name"].Text));

        YamlFile[] probes = isKubernetes
            ? [container["startupProbe"], container["readinessProbe"], container["livenessProbe"]]
            : [.. container["probes"].Items];
        Assert.Equal(
            new[] { "tcpSocket", "httpGet", "tcpSocket" }.Select(how => $"{how} {CommandLine.DefaultPort}"),
            probes.Select(Asked));
        var health = probes[1]["httpGet", "path"].Text;
        Assert.Equal("/api/health", health);

        var shutdown = container["env"].Items
            .Single(variable => variable["name"].Text == "ChunkStream__Streaming__ShutdownSeconds")["value"].Number;
        var before = isKubernetes ? container["lifecycle", "preStop", "sleep", "seconds"].Number : 0;
        Assert.True(pod["terminationGracePeriodSeconds"].Number >= before + shutdown + EndSeconds);
    }

    private static string Asked(YamlFile probe)
    {
        var (how, what) = probe.Members.Single(member => member.Key is "tcpSocket" or "httpGet");
        return $"{how} {what["port"].Text}";
    }

    /// <summary>
    /// The program's project, those that it refers to, and the files that these and their imports name.
    /// </summary>
    private static HashSet<string> Needed()
    {
        var needed = new HashSet<string>();
        Add($"{Project}/{Project}.csproj");
        return needed;

        void Add(string file)
        {
            if (!File.Exists(Path.Combine(Repository.Root, file)) || !needed.Add(file))
                return;
            var folder = Path.GetDirectoryName(file)!;
            string[] sharedFiles = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];
            foreach (var shared in sharedFiles)
            {
                Add(shared);
                Add(Path.Combine(folder.Split('/')[0], shared));
            }

            foreach (Match named in NamedFile().Matches(File.ReadAllText(Path.Combine(Repository.Root, file))))
            {
                var path = Path.GetFullPath(Path.Combine(Repository.Root, folder, named.Groups[1].Value));
                Add(Path.GetRelativePath(Repository.Root, path));
            }
        }
    }

    private static void AssertIsSetting(string name)
        => Assert.Contains($"| `{name}` |", Settings, StringComparison.Ordinal);

    private static int Number(string text, string pattern)
        => int.Parse(Regex.Match(text, pattern).Groups[1].Value, CultureInfo.InvariantCulture);

    private static string[] Words(Match list) => JsonSerializer.Deserialize<string[]>(list.Groups[1].Value)!;

    // Without a pattern (*.sql), and without the folder of the file itself before it.
    [GeneratedRegex(@"(?<=[""';)])((?:\.\./)*[\w./@-]+\.\w+)(?=[""'])")]
    private static partial Regex NamedFile();

    [GeneratedRegex("^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copy();
}
