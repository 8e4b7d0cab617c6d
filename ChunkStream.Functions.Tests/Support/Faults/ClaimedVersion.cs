using System.Text;
using Npgsql;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>A line to Postgres on which the server claims to be of another version.</summary>
internal static class ClaimedVersion
{
    /// <summary>Begins to pass connections on.</summary>
    /// <param name="server">The connection string of the server.</param>
    /// <param name="major">The version that it claims: two digits, as its own has.</param>
    /// <returns>The line, and the connection string that leads through it.</returns>
    public static (CuttableLine Line, string ConnectionString) Before(string server, string major)
    {
        var settings = new NpgsqlConnectionStringBuilder(server);
        var line = new CuttableLine(new Uri($"http://127.0.0.1:{settings.Port}"))
        {
            Passing = answer => Claim(answer.Span, major),
        };
        settings.Port = line.Address.Port;
        return (line, settings.ConnectionString);
    }

    // What a server says of itself when a connection begins.
    private static void Claim(Span<byte> answer, string major)
    {
        var name = "server_version\0"u8;
        var at = answer.IndexOf(name);
        if (at >= 0)
            Encoding.ASCII.GetBytes(major, answer[(at + name.Length)..]);
    }
}
