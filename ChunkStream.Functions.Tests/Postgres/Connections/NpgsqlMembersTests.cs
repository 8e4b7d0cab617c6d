using System.Net.Sockets;
using ChunkStream.Postgres.Connections;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

/// <summary>The members of Npgsql that are not public are looked for before an app uses any of them.</summary>
public sealed class NpgsqlMembersTests
{
    [Fact]
    public void The_driver_that_the_package_asks_for_has_all_of_them()
        => NpgsqlMembers.Loaded.ThrowIfMissing();

    [Fact]
    public void Another_driver_is_refused_with_its_version_and_each_member_that_it_lacks()
    {
        var driver = typeof(NpgsqlMembersTests).Assembly.GetName();
        var refusal = Assert.Throws<NotSupportedException>(
            () => new NpgsqlMembers(typeof(OtherConnection)).ThrowIfMissing());

        // Its socket is of another type, and what would be reached through the buffer is not named.
        Assert.Equal(
            $"ChunkStream.Postgres can't use {driver.Name} {driver.Version}: it lacks OtherConnector.Break, "
            + "OtherConnector._socket, OtherConnector.ReadBuffer. Use the version that the package asks for.",
            refusal.Message);
    }

    [Fact]
    public void A_member_of_a_member_is_named_by_the_type_that_lacks_it()
        => Assert.Contains(
            "it lacks OtherBuffer.Underlying. ",
            Assert.Throws<NotSupportedException>(
                () => new NpgsqlMembers(typeof(NewerConnection)).ThrowIfMissing()).Message,
            StringComparison.Ordinal);

#pragma warning disable CA1812, CA1822, CS0649, IDE0044, IDE0051, IDE0060 // Only their types are looked at.
    private sealed class OtherConnection
    {
        internal OtherConnector Connector => new();
    }

    private sealed class OtherConnector
    {
        private readonly TextReader? _socket;

        // Another signature.
        internal void Break(Exception reason) => _socket?.Dispose();
    }

    private sealed class NewerConnection
    {
        internal NewerConnector Connector => new();
    }

    private sealed class NewerConnector
    {
        private readonly Socket? _socket;

        internal OtherBuffer ReadBuffer => new();

        internal void Break(Exception reason, bool isKept) => _socket?.Dispose();
    }

    private sealed class OtherBuffer
    {
        internal ReadOnlySpan<byte> Span => [];
    }
#pragma warning restore CA1812, CA1822, CS0649, IDE0044, IDE0051, IDE0060
}
