using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>Flask and psycopg2 under gunicorn, with the first Python of the machine that has them.</summary>
internal static class FlaskServer
{
    private const string Modules = "flask, psycopg2, gunicorn.app.wsgiapp";

    private const string Versions =
        "import platform, psycopg2, gunicorn, importlib.metadata as m; "
        + "print('Python', platform.python_version() + ', Flask', m.version('flask') + ', psycopg2', "
        + "psycopg2.__version__.split()[0] + ', gunicorn', gunicorn.__version__)";

    // The Python on the PATH may lack the modules of the system's own.
    private static readonly string[] Pythons = ["python3", "/usr/bin/python3", "python"];

    /// <summary>Starts it on a database.</summary>
    /// <exception cref="MissingPeerException">No Python has the modules.</exception>
    public static async Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        var python = await FindPythonAsync(cancellation) ?? throw new MissingPeerException(
            "Needs a Python 3 that can import flask, psycopg2 and gunicorn: "
            + "`apt-get install python3-flask python3-psycopg2 gunicorn`, or "
            + "`pip install flask psycopg2-binary gunicorn`; gunicorn does not run on Windows.");

        var port = ServerPorts.Next();
        var start = new ProcessStartInfo(
            python,
            ["-m", "gunicorn", "--chdir", PeerFiles.Folder, "--bind", $"127.0.0.1:{port}", "--worker-class", "gthread",
                "--workers", "1", "--threads", "4", "--timeout", "0", "flask_app:app"])
        {
            Environment = { [PeerFiles.DatabaseVariable] = database.Url },
        };
        return await ServerProcess.StartAsync(start, port, hasChildren: true, cancellation);
    }

    /// <summary>The versions of its parts; null if some are missing.</summary>
    public static async Task<string?> VersionAsync(CancellationToken cancellation) =>
        await FindPythonAsync(cancellation) is { } python
            ? await new ChildProcess(python, "-c", Versions).RunToSuccessAsync(cancellation)
            : null;

    private static async Task<string?> FindPythonAsync(CancellationToken cancellation)
    {
        foreach (var python in Pythons)
        {
            try
            {
                await new ChildProcess(python, "-c", $"import {Modules}").RunToSuccessAsync(cancellation);
                return python;
            }
            catch (StartupFailure)
            {
                // This Python does not have them.
            }
        }

        return null;
    }
}
