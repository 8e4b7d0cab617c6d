using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>A real nginx before a server of a test, with what it does by default; it ends with the test.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-nginx-");
    private readonly Process _process;

    private Nginx(Uri server)
    {
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            Address = new Uri($"http://{listener.LocalEndpoint}");
        }

        string[] kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        var temporary = string.Join(' ', kinds.Select(kind => $"{kind}_temp_path {_folder.FullName}/{kind};"));
        var origin = server.GetLeftPart(UriPartial.Authority);
        var configuration = Path.Combine(_folder.FullName, "nginx.conf");
        File.WriteAllText(configuration, $$"""
            daemon off; master_process off; pid {{_folder.FullName}}/pid; error_log {{_folder.FullName}}/error.log;
            events {}
            http {
                access_log off; {{temporary}}
                server {
                    listen {{Address.Host}}:{{Address.Port}};
                    location /default/ { proxy_pass {{origin}}/; }
                    location /buffered/ { proxy_pass {{origin}}/; proxy_ignore_headers X-Accel-Buffering; }
                    location /unbuffered/ { proxy_pass {{origin}}/; proxy_buffering off; }
                    location /http11/ { proxy_pass {{origin}}/; proxy_http_version 1.1; }
                }
            }
            """);
        _process = Process.Start(
            NginxFactAttribute.Program!,
            ["-p", _folder.FullName, "-e", $"{_folder.FullName}/error.log", "-c", configuration]);
    }

    /// <summary>The places under the address that lead to the server, each by other settings.</summary>
    public static IReadOnlyList<string> Places { get; } = ["/default", "/buffered", "/unbuffered", "/http11"];

    public Uri Address { get; }

    /// <summary>Starts one before a server, and waits until it listens.</summary>
    public static async Task<Nginx> BeforeAsync(Uri server)
    {
        var nginx = new Nginx(server);
        await Bounded.Until(
            async () =>
            {
                Assert.False(nginx._process.HasExited, "nginx did not start.");
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                var connecting = socket.ConnectAsync(nginx.Address.Host, nginx.Address.Port);
                await connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return connecting.IsCompletedSuccessfully;
            },
            "nginx listens");
        return nginx;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync().Within();
        _process.Dispose();
        _folder.Delete(recursive: true);
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
