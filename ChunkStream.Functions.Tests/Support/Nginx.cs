using System.Diagnostics;
using System.Globalization;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>A real nginx before servers of a test. It ends with the test.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const string ConfigurationFile = "nginx.conf";
    private const string InstancesFile = "instances.conf";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-nginx-");
    private Process? _process;

    private Nginx()
    {
        // The workers of an nginx that root starts are another user's.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.FullName, File.GetUnixFileMode(_folder.FullName) | UnixFileMode.OtherExecute);
    }

    /// <summary>
    /// The places under the address of <see cref="BeforeAsync(Uri)"/> that lead to the server, each by other settings.
    /// </summary>
    public static IReadOnlyList<string> Places { get; } = ["/default", "/buffered", "/unbuffered", "/http11"];

    /// <summary>The folder of the configuration that is for users.</summary>
    public static string Deployed { get; } = Path.Combine(Repository.Root, "deploy", "nginx");

    public Uri Address { get; } = new($"http://127.0.0.1:{ServerPort.Take()}");

    /// <summary>Starts one before a server, with what it does by default, and waits until it listens.</summary>
    public static Task<Nginx> BeforeAsync(Uri server)
    {
        var nginx = new Nginx();
        var folder = nginx._folder.FullName;
        string[] kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        var temporary = string.Join(' ', kinds.Select(kind => $"{kind}_temp_path {folder}/{kind};"));
        var origin = server.GetLeftPart(UriPartial.Authority);
        return nginx.StartAsync($$"""
            master_process off; pid {{folder}}/pid; error_log {{folder}}/error.log;
            events {}
            http {
                access_log off; {{temporary}}
                server {
                    listen {{nginx.Address.Authority}};
                    location /default/ { proxy_pass {{origin}}/; }
                    location /buffered/ { proxy_pass {{origin}}/; proxy_ignore_headers X-Accel-Buffering; }
                    location /unbuffered/ { proxy_pass {{origin}}/; proxy_buffering off; }
                    location /http11/ { proxy_pass {{origin}}/; proxy_http_version 1.1; }
                }
            }
            """);
    }

    /// <summary>
    /// Starts one before several instances, with the configuration that is for users, and waits until it listens.
    /// </summary>
    public static async Task<Nginx> BeforeAsync(IEnumerable<Uri> instances)
    {
        var nginx = new Nginx();
        var configuration = (await File.ReadAllTextAsync(Path.Combine(Deployed, ConfigurationFile)))
            .Replace("listen 8080;", $"listen {nginx.Address.Authority};", StringComparison.Ordinal)
            .Replace("/tmp/", $"{nginx._folder.FullName}/", StringComparison.Ordinal)
            .Replace("error_log stderr", $"error_log {nginx._folder.FullName}/error.log", StringComparison.Ordinal);
        await nginx.WriteAsync(instances);
        return await nginx.StartAsync(configuration);
    }

    /// <summary>
    /// Makes other instances the ones that new requests go to, and waits until that is so. Requests that are under way
    /// stay where they are.
    /// </summary>
    public async Task ReloadAsync(IEnumerable<Uri> instances)
    {
        await WriteAsync(instances);
        var old = Workers().ToArray();
        using (var kill = Process.Start("kill", $"-HUP {_process!.Id}"))
            await kill.WaitForExitAsync().Within();
        await Bounded.Until(
            () => Task.FromResult(
                Workers().Except(old).Any() && Array.TrueForAll(old, worker => IsLeaving(worker))),
            "nginx has new workers, and the old ones take no more requests");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync().Within();
            _process.Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private async Task<Nginx> StartAsync(string configuration)
    {
        var file = Path.Combine(_folder.FullName, ConfigurationFile);
        await File.WriteAllTextAsync(file, configuration);
        _process = Process.Start(
            NginxFactAttribute.Program!,
            ["-p", _folder.FullName, "-e", $"{_folder.FullName}/error.log", "-c", file, "-g", "daemon off;"]);
        await Bounded.Until(
            () =>
            {
                Assert.False(_process.HasExited, "nginx did not start.");
                return LoopbackPort.AnswersAsync(Address.Port, CancellationToken.None);
            },
            "nginx listens");
        return this;
    }

    private Task WriteAsync(IEnumerable<Uri> instances) => File.WriteAllLinesAsync(
        Path.Combine(_folder.FullName, InstancesFile),
        instances.Select(instance => $"server {instance.Authority} max_fails=1 fail_timeout=2s;"));

    private IEnumerable<int> Workers()
        => File.ReadAllText($"/proc/{_process!.Id}/task/{_process.Id}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture));

    // nginx says so in the title of the process.
    private static bool IsLeaving(int worker)
    {
        try
        {
            var title = File.ReadAllText($"/proc/{worker}/cmdline");
            return title.Length == 0 || title.Contains("shutting down", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It has left.
            return true;
        }
    }
}

/// <summary>Needs nginx.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute()
    {
        if (Program is null && !Optional.IsEverythingRequired)
            Skip = "nginx is not on the PATH (Debian and Ubuntu: apt-get install nginx-light).";
    }

    internal static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Append("/usr/sbin")
        .Select(folder => Path.Combine(folder, "nginx"))
        .FirstOrDefault(File.Exists);
}
