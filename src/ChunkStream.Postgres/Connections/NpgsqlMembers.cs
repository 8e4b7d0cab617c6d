using System.Net.Sockets;
using System.Reflection;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The members of Npgsql that are not public and that we can't do without: it has no public way to close a connection
/// that is at work, nor to look at a message before it is taken into memory. The package is bounded to the minor
/// version whose members these are.
/// </summary>
internal static class NpgsqlMembers
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly List<string> Missing = [];

    /// <summary>The physical connection behind a connection.</summary>
    public static readonly PropertyInfo Connector = Property(typeof(NpgsqlConnection), "Connector");

    /// <summary>
    /// Says that the physical connection is broken. Only the thread may call it that uses the connection.
    /// </summary>
    public static readonly MethodInfo Break =
        Method(Connector?.PropertyType, "Break", [typeof(Exception), typeof(bool)]);

    /// <summary>The connection's socket, which any thread may close at any moment.</summary>
    public static readonly FieldInfo Socket = Field(Connector?.PropertyType, "_socket", typeof(Socket));

    /// <summary>What has been received.</summary>
    public static readonly PropertyInfo ReadBuffer = Property(Connector?.PropertyType, "ReadBuffer");

    /// <summary>The stream that the buffer is filled from.</summary>
    public static readonly PropertyInfo Underlying = Property(ReadBuffer?.PropertyType, "Underlying");

    /// <summary>The part of the buffer that is not read yet.</summary>
    public static readonly PropertyInfo Unread = Property(ReadBuffer?.PropertyType, "Span");

    /// <summary>To be called when an app starts.</summary>
    /// <exception cref="NotSupportedException">This version of Npgsql lacks some of them.</exception>
    public static void Check()
    {
        if (Missing.Count > 0)
        {
            var version = typeof(NpgsqlConnection).Assembly.GetName().Version;
            throw new NotSupportedException(
                $"ChunkStream.Postgres can't use Npgsql {version}: it lacks {string.Join(", ", Missing)}. "
                + "Use the version that the package asks for.");
        }
    }

    private static PropertyInfo Property(Type? type, string name)
        => Known(type?.GetProperty(name, Instance), type, name);

    private static MethodInfo Method(Type? type, string name, Type[] parameters)
        => Known(type?.GetMethod(name, Instance, parameters), type, name);

    private static FieldInfo Field(Type? type, string name, Type value)
        => Known(
            type?.GetField(name, Instance) is { } field && value.IsAssignableTo(field.FieldType) ? field : null,
            type,
            name);

    // If a member is missing, those that are reached through it are, too. Only the first one is named.
    private static T Known<T>(T? member, Type? type, string name)
        where T : MemberInfo
    {
        if (member is null && type is not null)
            Missing.Add($"{type.Name}.{name}");
        return member!;
    }
}
